# SPDX-License-Identifier: ISC
# Completion of bash for scripts/billet:  . scripts/billet.bash
# Made by scripts/billet help --bash
_billet()
{
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}
    local command= top i
    top=$(dirname "${COMP_WORDS[0]}")/..
    COMPREPLY=()
    for ((i = 1; i < COMP_CWORD; i++)); do
        case ${COMP_WORDS[i]} in
        -*) ;;
        *) command=${COMP_WORDS[i]}; break ;;
        esac
    done
    if [ -z "$command" ]; then
        COMPREPLY=($(compgen -W 'setup run test image bench inspect config new replay size symbolize gdb verify sign update sbom export explain doctor help' -- "$word"))
        return
    fi
    case $command,$before in
    run,--machine) COMPREPLY=($(compgen -W 'pc q35 microvm' -- "$word")); return ;;
    run,--accel) COMPREPLY=($(compgen -W 'tcg kvm' -- "$word")); return ;;
    run,--window) COMPREPLY=($(compgen -W 'auto gtk sdl vnc' -- "$word")); return ;;
    image,-f|image,--format) COMPREPLY=($(compgen -W 'elf iso raw qcow2 gce.tar.gz vhd vmdk oci.tar gce oci azure aws vmware kubevirt' -- "$word")); return ;;
    image,--firmware) COMPREPLY=($(compgen -W 'bios uefi' -- "$word")); return ;;
    new,-t|new,--template) COMPREPLY=($(compgen -W 'fiber http tcp udp' -- "$word")); return ;;
    export,--accel) COMPREPLY=($(compgen -W 'kvm tcg' -- "$word")); return ;;
    esac
    case $command,$((COMP_CWORD - i)) in
    config,1) COMPREPLY=($(compgen -W 'list get set unset' -- "$word")); return ;;
    export,2) COMPREPLY=($(compgen -W 'bhyve compose kubevirt libvirt nomad proxmox systemd vmd' -- "$word")); return ;;
    esac
    case $word in
    -*)
        case $command in
        setup) COMPREPLY=($(compgen -W '-h --help --build --all -n --dry-run' -- "$word")) ;;
        run) COMPREPLY=($(compgen -W '-h --help --build -p --port -m --memory -a --arg --machine --accel --tap --pcap --disk --window --gdb -n --dry-run' -- "$word")) ;;
        test) COMPREPLY=($(compgen -W '-h --help --build --fast --full --soak -l --list' -- "$word")) ;;
        image) COMPREPLY=($(compgen -W '-h --help --build -f --format -a --arg --size --slots --sequence --firmware -o --output' -- "$word")) ;;
        bench) COMPREPLY=($(compgen -W '-h --help --build --json' -- "$word")) ;;
        inspect) COMPREPLY=($(compgen -W '-h --help --build --json --lines' -- "$word")) ;;
        config) COMPREPLY=($(compgen -W '-h --help --build' -- "$word")) ;;
        new) COMPREPLY=($(compgen -W '-h --help --build -t --template --here' -- "$word")) ;;
        replay) COMPREPLY=($(compgen -W '-h --help --build --inputs --program --to --port --fuzz' -- "$word")) ;;
        size) COMPREPLY=($(compgen -W '-h --help --build --why -o --output --json' -- "$word")) ;;
        symbolize) COMPREPLY=($(compgen -W '-h --help --build' -- "$word")) ;;
        gdb) COMPREPLY=($(compgen -W '-h --help --build -a --arg -p --port -x --command' -- "$word")) ;;
        verify) COMPREPLY=($(compgen -W '-h --help --build' -- "$word")) ;;
        sign) COMPREPLY=($(compgen -W '-h --help --build --key --sequence -o --output' -- "$word")) ;;
        update) COMPREPLY=($(compgen -W '-h --help --build --cacert -k --insecure --wait' -- "$word")) ;;
        sbom) COMPREPLY=($(compgen -W '-h --help --build -o --output' -- "$word")) ;;
        export) COMPREPLY=($(compgen -W '-h --help --build -a --arg -p --port -d --disk -m --memory --accel --image -o --output' -- "$word")) ;;
        explain) COMPREPLY=($(compgen -W '-h --help --build -l --list' -- "$word")) ;;
        doctor) COMPREPLY=($(compgen -W '-h --help --build --json' -- "$word")) ;;
        help) COMPREPLY=($(compgen -W '-h --help --build --man --bash' -- "$word")) ;;
        esac
        return ;;
    esac
    case $command in
    run|image|size|symbolize|gdb|sign|export)
        COMPREPLY=($(compgen -W "$(sed -n "/^apps = {/,/^}/s/^    '\([a-z0-9-]*\)': {.*/\1/p" \
            "$top/apps/meson.build" 2>/dev/null)" -- "$word")) ;;
    help)
        COMPREPLY=($(compgen -W 'setup run test image bench inspect config new replay size symbolize gdb verify sign update sbom export explain doctor help' -- "$word")) ;;
    *)
        COMPREPLY=($(compgen -f -- "$word")) ;;
    esac
}
complete -o filenames -F _billet billet scripts/billet ./scripts/billet
