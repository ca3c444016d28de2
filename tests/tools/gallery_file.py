# SPDX-License-Identifier: Apache-2.0
"""Reads and writes gallery files as docs/gallery.md describes them, so that a test sees the bytes and not a library."""
import struct


def _table():
    out = []
    for i in range(256):
        for _ in range(8):
            i = (i >> 1) ^ (0x82F63B78 if i & 1 else 0)
        out.append(i)
    return out


TABLE = _table()


def crc32c(data):
    value = 0xFFFFFFFF
    for byte in data:
        value = TABLE[(value ^ byte) & 0xFF] ^ (value >> 8)
    return struct.pack('<I', value ^ 0xFFFFFFFF)


def _floats(values):
    return struct.pack(f'<{len(values)}f', *values)


def _text(text):
    return struct.pack('<I', len(text.encode())) + text.encode()


def write(path, people, bundle='test-bundle', size=4, pictures=None):
    """people: name -> (images, confidence, embedding); pictures: name -> list of (label, images, confidence,
    embedding)."""
    body = b''
    for name, (images, confidence, embedding) in sorted(people.items(), key=lambda item: item[0].encode()):
        raw = name.encode()
        record = struct.pack('<IId', len(raw), images, confidence) + raw + _floats(embedding)
        body += record + crc32c(record)
    if pictures:
        content = struct.pack('<I', len(pictures))
        for name, those in sorted(pictures.items(), key=lambda item: item[0].encode()):
            content += _text(name) + struct.pack('<I', len(those))
            for label, images, confidence, embedding in those:
                raw = label.encode()
                content += struct.pack('<IId', len(raw), images, confidence) + raw + _floats(embedding)
        section = b'PICS' + struct.pack('<Q', len(content)) + content
        body += section + crc32c(section)
    raw = bundle.encode()
    total = 36 + len(raw) + 4 + len(body)
    head = b'DRGANGAL' + struct.pack('<IIQQI', 2 if pictures else 1, size, len(people), total, len(raw)) + raw
    with open(path, 'wb') as file:
        file.write(head + crc32c(head) + body)


def read(path):
    """(bundle, people, pictures), as write() takes them."""
    with open(path, 'rb') as file:
        data = file.read()
    version, size, count, total, length = struct.unpack_from('<IIQQI', data, 8)
    assert data[:8] == b'DRGANGAL' and total == len(data)
    bundle = data[36:36 + length].decode()
    at = 40 + length
    people = {}
    for _ in range(count):
        length, images, confidence = struct.unpack_from('<IId', data, at)
        name = data[at + 16:at + 16 + length].decode()
        people[name] = (images, confidence, struct.unpack_from(f'<{size}f', data, at + 16 + length))
        at += 16 + length + 4 * size + 4
    pictures = {}
    if version == 2 and data[at:at + 4] == b'PICS':
        at += 12
        owners, = struct.unpack_from('<I', data, at)
        at += 4
        for _ in range(owners):
            length, = struct.unpack_from('<I', data, at)
            name = data[at + 4:at + 4 + length].decode()
            at += 4 + length
            those, = struct.unpack_from('<I', data, at)
            at += 4
            pictures[name] = []
            for _ in range(those):
                length, images, confidence = struct.unpack_from('<IId', data, at)
                label = data[at + 16:at + 16 + length].decode()
                embedding = struct.unpack_from(f'<{size}f', data, at + 16 + length)
                pictures[name].append((label, images, confidence, embedding))
                at += 16 + length + 4 * size
    return bundle, people, pictures
