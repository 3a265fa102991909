# SPDX-License-Identifier: ISC
"""A containerDisk as KubeVirt pulls it: an OCI image layout in one tar, whose
only layer holds /disk/disk.qcow2.
"""
import gzip
import hashlib
import io
import json
import tarfile
import time

import qcow2
from disk import ImageError

DISK = 'disk/disk.qcow2'
OWNER = 107             # who QEMU runs as in KubeVirt's pods
TYPE = 'application/vnd.oci.image.'
BLOB_MAX = 1 << 30
MEMBERS_MAX = 64


def tar(entries, epoch, owner=0):
    """A tar of (name, content), None for a folder; the same each time."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode='w', format=tarfile.USTAR_FORMAT) as t:
        for name, data in entries:
            info = tarfile.TarInfo(name)
            info.mtime, info.uid, info.gid = epoch, owner, owner
            info.mode = 0o755 if data is None else 0o444
            info.type = tarfile.DIRTYPE if data is None else tarfile.REGTYPE
            info.size = len(data or b'')
            t.addfile(info, io.BytesIO(data or b''))
    return out.getvalue()


def dump(value):
    return json.dumps(value, sort_keys=True, separators=(',', ':')).encode()


def digest(data):
    return 'sha256:' + hashlib.sha256(data).hexdigest()


def described(kind, data, **more):
    return {'mediaType': TYPE + kind, 'digest': digest(data),
            'size': len(data), **more}


def write(disk, out, name, epoch):
    content = io.BytesIO()
    qcow2.write(disk, content)
    plain = tar([('disk/', None), (DISK, content.getvalue())], epoch, OWNER)
    layer = gzip.compress(plain, 9, mtime=0)
    created = time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime(epoch))
    config = dump({
        'created': created, 'architecture': 'amd64', 'os': 'linux',
        'config': {}, 'rootfs': {'type': 'layers', 'diff_ids': [digest(plain)]},
        'history': [{'created': created, 'created_by': 'billet'}]})
    manifest = dump({
        'schemaVersion': 2, 'mediaType': TYPE + 'manifest.v1+json',
        'config': described('config.v1+json', config),
        'layers': [described('layer.v1.tar+gzip', layer)],
        'annotations': {'org.opencontainers.image.title': name}})
    index = dump({
        'schemaVersion': 2, 'mediaType': TYPE + 'index.v1+json',
        'manifests': [described(
            'manifest.v1+json', manifest,
            annotations={'org.opencontainers.image.ref.name': 'latest'})]})
    blobs = sorted(('blobs/sha256/' + digest(b)[7:], b)
                   for b in (config, layer, manifest))
    out.write(tar([('oci-layout', dump({'imageLayoutVersion': '1.0.0'})),
                   ('index.json', index), ('blobs/', None),
                   ('blobs/sha256/', None), *blobs], epoch))


def members(file):
    out = {}
    with tarfile.open(fileobj=file, mode='r:') as t:
        for info in t:
            if len(out) == MEMBERS_MAX or info.size > BLOB_MAX:
                raise ImageError('an OCI tar of more than one image')
            if info.isfile():
                out[info.name] = t.extractfile(info).read()
    return out


def read(file):
    """(the disk, the image's name)."""
    try:
        found = members(file)

        def blob(entry):
            data = found['blobs/sha256/' + entry['digest'][7:]]
            if digest(data) != entry['digest']:
                raise ImageError('an OCI layout with a blob that is broken')
            return data

        entry, = json.loads(found['index.json'])['manifests']
        manifest = json.loads(blob(entry))
        name = manifest['annotations']['org.opencontainers.image.title']
        layer, = manifest['layers']
        with gzip.GzipFile('', 'rb', fileobj=io.BytesIO(blob(layer))) as packed:
            plain = packed.read(BLOB_MAX)
        with tarfile.open(fileobj=io.BytesIO(plain), mode='r:') as t:
            data = t.extractfile(DISK).read()
    except (KeyError, ValueError, TypeError, AttributeError, EOFError,
            tarfile.TarError) as error:
        raise ImageError(f'no containerDisk of Billet: {error!r}') from None
    return qcow2.read(io.BytesIO(data)), name
