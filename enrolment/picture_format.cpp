// SPDX-License-Identifier: Apache-2.0
#include "picture_format.hpp"

namespace drgan::enrolment {

const char* const cutOff = "is cut off: its end is missing; copy it again from its source";

namespace {

enum JpegMarker : unsigned {
    tem = 0x01,
    sof0 = 0xc0,
    dht = 0xc4,
    jpg = 0xc8,
    dac = 0xcc,
    sof15 = 0xcf,
    rst0 = 0xd0,
    rst7 = 0xd7,
    soi = 0xd8,
    eoi = 0xd9,
    sos = 0xda,
    app1 = 0xe1,
    app14 = 0xee
};

/// The end of the coded data that begin at `at`: the next marker that is not a part of them, or the file's end.
size_t afterScan(const Bytes& file, size_t at) {
    for (; at + 1 < file.size(); ++at) {
        const unsigned next = file.u8(at + 1);
        if (file.u8(at) == 0xff && next != 0 && next != 0xff && (next < rst0 || next > rst7)) {
            return at;
        }
    }
    return file.size();
}

Container inspectJpeg(const Bytes& file) {
    Container out;
    unsigned components = 0;
    bool adobe = false;
    bool ended = false;
    for (size_t at = 2; !ended && file.has(at, 2);) {
        const unsigned marker = file.u8(at) == 0xff ? file.u8(at + 1) : 0xff;
        if (marker == 0xff) {  // fill bytes
            ++at;
            continue;
        }
        ended = marker == eoi;
        if (ended || marker == 0 || marker == tem || marker == soi || (marker >= rst0 && marker <= rst7)) {
            at += 2;
            continue;
        }
        const size_t length = file.u16(at + 2);
        if (marker == app1 && file.holds(at + 4, "Exif\0\0", 6) && length > 8) {
            out.orientation = exifOrientation(file.part(at + 10, length - 8, false));
        } else if (marker == app14 && file.holds(at + 4, "Adobe", 5)) {
            adobe = true;
        } else if (marker >= sof0 && marker <= sof15 && marker != dht && marker != jpg && marker != dac) {
            components = file.u8(at + 9);
            const unsigned bits = file.u8(at + 4);
            if (bits != 8) {
                return {"is a JPEG of " + std::to_string(bits) +
                        " bits a channel, which is not read: save it with 8 bits"};
            }
        }
        at += 2 + length;
        if (marker == sos) {
            at = afterScan(file, at);
        }
    }
    if (!ended) {
        return {cutOff};
    }
    // Adobe's programs write inverted CMYK and mark their files. For other files it is unknown.
    if (components == 4 && !adobe) {
        return {"is a CMYK JPEG without the polarity of its inks: save it as RGB"};
    }
    return out;
}

Container inspectPng(const Bytes& file) {
    Container out;
    for (size_t at = 8; file.has(at, 8);) {
        const size_t length = file.u32(at);
        if (!file.has(at + 8, length + 4)) {
            break;
        }
        if (file.holds(at + 4, "IEND", 4)) {
            return out;
        }
        if (file.holds(at + 4, "eXIf", 4)) {
            out.orientation = exifOrientation(file.part(at + 8, length, false));
        }
        at += 12 + length;
    }
    return {cutOff};
}

Container inspectWebp(const Bytes& file) {
    Container out;
    const size_t end = size_t(8) + file.u32(4);
    if (file.size() + 1 < end) {  // padded to an even number of bytes
        return {cutOff};
    }
    for (size_t at = 12; file.has(at, 8) && at < end;) {
        const size_t length = file.u32(at + 4);
        if (file.holds(at, "ANIM", 4) || file.holds(at, "ANMF", 4)) {
            return {"is an animated WebP, which is not supported: save one picture of it as a PNG or JPEG"};
        }
        if (file.holds(at, "EXIF", 4)) {
            const size_t head = file.holds(at + 8, "Exif\0\0", 6) ? 6 : 0;
            out.orientation = exifOrientation(file.part(at + 8 + head, length > head ? length - head : 0, false));
        }
        at += 8 + length + length % 2;
    }
    return out;
}

Container inspectBmp(const Bytes& file) {
    const uint32_t header = file.u32(14);
    const bool old = header == 12;  // OS/2's: 16-bit sizes
    const size_t pixels = file.u32(10);
    const uint32_t compression = old ? 0 : file.u32(30);
    uint64_t bytes = old ? 0 : file.u32(34);
    if (compression == 0 || compression == 3) {
        const int64_t width = old ? file.u16(18) : static_cast<int32_t>(file.u32(18));
        const int64_t height = old ? file.u16(20) : static_cast<int32_t>(file.u32(22));
        const uint64_t bits = file.u16(old ? 24 : 28);
        bytes = (static_cast<uint64_t>(width < 0 ? 0 : width) * bits + 31) / 32 * 4 *
                static_cast<uint64_t>(height < 0 ? -height : height);
    }
    if (bytes > file.size() || !file.has(pixels, static_cast<size_t>(bytes))) {
        return {cutOff};
    }
    return {};
}

}  // namespace

Format formatOf(const Bytes& file) {
    if (file.holds(0, "\xff\xd8\xff", 3)) return Format::jpeg;
    if (file.holds(0, "\x89PNG\r\n\x1a\n", 8)) return Format::png;
    if (file.holds(0, "RIFF", 4) && file.holds(8, "WEBP", 4)) return Format::webp;
    if (file.holds(0, "BM", 2) && file.u32(14) >= 12 && file.u32(14) <= 124) return Format::bmp;
    if (file.holds(0, "GIF8", 4)) return Format::gif;
    for (const char* const magic : {"II*\0", "MM\0*", "II+\0", "MM\0+"}) {
        if (file.holds(0, magic, 4)) return Format::tiff;
    }
    for (const char* const brand : {"heic", "heix", "heim", "heis", "hevc", "mif1", "msf1", "avif", "avis"}) {
        if (file.holds(4, "ftyp", 4) && file.holds(8, brand, 4)) return Format::heif;
    }
    return Format::other;
}

Container inspect(const Bytes& file) {
    // All but RIFF and BMP are big-endian; TIFF states its byte order.
    const Bytes bigEndian = file.part(0, file.size(), true);
    switch (formatOf(file)) {
        case Format::jpeg:
            return inspectJpeg(bigEndian);
        case Format::png:
            return inspectPng(bigEndian);
        case Format::webp:
            return inspectWebp(file);
        case Format::bmp:
            return inspectBmp(file);
        case Format::tiff:
            return inspectTiff(file);
        case Format::gif:
            return {"is a GIF, which is not supported: save one picture of it as a PNG, or all of it as a video"};
        case Format::heif:
            return {"is a HEIC or AVIF picture, which is not supported: save it as a JPEG or PNG"};
        case Format::other:
            break;
    }
    return {};
}

}  // namespace drgan::enrolment
