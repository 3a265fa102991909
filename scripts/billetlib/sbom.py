# SPDX-License-Identifier: ISC
"""billet sbom: what is in an image, as SPDX 2.3 in JSON."""
import configparser
import json
import re
import time
import uuid
from pathlib import Path

from . import elf, manifest, parts, say
from .tree import TOP

CREATED = 1735689600    # the one date of all our images
OURS = 'https://billet.example/'
GPL = 'GPL-3.0-or-later'
# What each library says of itself, in the archive that its wrap pins.
LIBRARIES = {
    'picolibc': ('BSD-3-Clause AND BSD-2-Clause',
                 "COPYING.picolibc lists the licence of each file; those that "
                 'are linked are under BSD licences', 'picolibc contributors'),
    'wolfssl': (GPL, 'LICENSING; what is linked with it is under '
                'its terms as a whole', 'wolfSSL Inc.'),
    'nghttp2': ('MIT', 'COPYING', 'nghttp2 contributors'),
}
LIBGCC = GPL + ' WITH GCC-exception-3.1'


def add_arguments(p):
    p.add_argument('image', metavar='IMAGE', type=Path,
                   help='an image of any format, elf too')
    p.add_argument('-o', '--output', type=Path, metavar='FILE',
                   help='write it here (default: to the screen)')


def package(ident, name, version, licence, supplier, where='NOASSERTION',
            sha256=None, comment=None, purpose='LIBRARY'):
    out = {'SPDXID': 'SPDXRef-' + ident, 'name': name,
           'versionInfo': version, 'supplier': supplier,
           'downloadLocation': where, 'filesAnalyzed': False,
           'licenseConcluded': licence, 'licenseDeclared': licence,
           'copyrightText': 'NOASSERTION', 'primaryPackagePurpose': purpose}
    if sha256:
        out['checksums'] = [{'algorithm': 'SHA256', 'checksumValue': sha256}]
    if comment:
        out['licenseComments'] = comment
    return out


def upstream(name):
    """Where the archive comes from, as the wrap has it."""
    wrap = configparser.ConfigParser(interpolation=None)
    wrap.read(TOP / 'subprojects' / (name + '.wrap'))
    return wrap.get('wrap-file', 'source_url', fallback='NOASSERTION')


def linked(recipe, version, commit=None):
    """The packages that are linked into an application."""
    out = [package('Billet', 'billet', version, 'ISC', 'NOASSERTION',
                   comment=f'commit {commit}' if commit else None)]
    for name, number, digest in recipe.uses:
        licence, comment, supplier = LIBRARIES.get(
            name, ('NOASSERTION', None, None))
        out.append(package(
            name, name, number, licence,
            f'Organization: {supplier}' if supplier else 'NOASSERTION',
            upstream(name), digest, comment))
    gcc = re.search(r'(\d+\.\d+\.\d+)$', recipe.compiler)
    if recipe.compiler.startswith('gcc'):
        out.append(package('libgcc', 'libgcc',
                           gcc[1] if gcc else 'NOASSERTION', LIBGCC,
                           'Organization: Free Software Foundation'))
    return out


def whole_licence(packages):
    """One expression for what is linked together."""
    found = sorted({p['licenseConcluded'] for p in packages} - {LIBGCC})
    return ' AND '.join(found)


def document(name, ident, packages, relations):
    unique = uuid.uuid5(uuid.NAMESPACE_URL, OURS + ident)
    return {
        'spdxVersion': 'SPDX-2.3', 'dataLicense': 'CC0-1.0',
        'SPDXID': 'SPDXRef-DOCUMENT', 'name': name,
        'documentNamespace': f'urn:uuid:{unique}',
        'creationInfo': {
            'created': time.strftime('%Y-%m-%dT%H:%M:%SZ',
                                     time.gmtime(CREATED)),
            'creators': ['Tool: billet-sbom']},
        'packages': packages,
        'relationships': [
            {'spdxElementId': 'SPDXRef-' + a, 'relationshipType': kind,
             'relatedSpdxElement': 'SPDXRef-' + b}
            for a, kind, b in relations]}


def describe(path):
    """The document of an image."""
    found = parts.take_apart(path)
    image = elf.Elf(path, found.elf)
    about = manifest.read_manifest(image)
    libraries = linked(parts.recipe(image), about.version or 'NOASSERTION',
                       about.commit or 'unknown')
    application = package(
        'Application', about.name, about.version or 'NOASSERTION',
        whole_licence(libraries), 'NOASSERTION',
        sha256=parts.sha256(found.elf), purpose='APPLICATION',
        comment=f'commit {about.commit}; build id {about.build_id}; built by '
        f'{parts.recipe(image).compiler}')
    packages, top = [application, *libraries], 'Application'
    relations = [('Application', 'STATIC_LINK', p['SPDXID'][8:])
                 for p in libraries]
    whole = parts.sha256(Path(path).read_bytes())
    if found.loaders:
        packages = disk_packages(path, found, application, whole) + packages
        relations += [('Image', 'CONTAINS', 'Application'),
                      ('Image', 'CONTAINS', 'GRUB')]
        top = 'Image'
    return document(Path(path).name, whole, packages,
                    [('DOCUMENT', 'DESCRIBES', top), *relations])


def disk_packages(path, found, application, digest):
    """The disk itself, and GRUB, which is beside the application on it."""
    loaders = ', '.join(f'{name} {parts.sha256(data)}'
                        for name, data in sorted(found.loaders.items()))
    licence = application['licenseConcluded'] + ' AND ' + GPL
    return [
        package('Image', Path(path).name, application['versionInfo'],
                ' AND '.join(sorted(set(licence.split(' AND ')))),
                'NOASSERTION', sha256=digest, purpose='OPERATING-SYSTEM'),
        package('GRUB', 'grub', parts.grub_version(found) or 'NOASSERTION',
                GPL, 'Organization: Free Software Foundation',
                'https://ftp.gnu.org/gnu/grub/', purpose='APPLICATION',
                comment='starts the application and is not linked with it; '
                'SHA-256 of its parts: ' + loaders)]


def of_build(name, version, text):
    """What an image can serve of itself: without its own hash."""
    libraries = linked(parts.parse(text), version)
    application = package(
        'Application', name, version, whole_licence(libraries), 'NOASSERTION',
        purpose='APPLICATION')
    ident = parts.sha256(f'{name} {version} {text}'.encode())
    return document(name, ident, [application, *libraries],
                    [('DOCUMENT', 'DESCRIBES', 'Application'),
                     *[('Application', 'STATIC_LINK', p['SPDXID'][8:])
                       for p in libraries]])


def run(options):
    text = json.dumps(parts.read(options.image, describe), indent=2) + '\n'
    if options.output:
        say.write(options.output, text)
        say.info(f'{options.output}: {len(text):,} bytes')
    else:
        print(text, end='')
    return say.OK
