// SPDX-License-Identifier: Apache-2.0
//
// Picture files that OpenCV does not write: with orientation tags, CMYK, TIFFs of any kind.
#ifndef DRGAN_TESTS_MADE_FILES_HPP
#define DRGAN_TESTS_MADE_FILES_HPP

#include <fstream>
#include <opencv2/imgcodecs.hpp>
#include <string>
#include <vector>

namespace drgan_test {

using Buffer = std::vector<unsigned char>;

inline Buffer encoded(const cv::Mat& picture, const std::string& extension, const std::vector<int>& options = {}) {
    Buffer out;
    if (!cv::imencode(extension, picture, out, options)) throw std::runtime_error("cannot encode " + extension);
    return out;
}

inline std::string save(const std::string& file, const Buffer& bytes) {
    std::ofstream(file, std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    return file;
}

inline Buffer& put(Buffer& out, uint32_t value, int bytes, bool bigEndian) {
    for (int i = 0; i < bytes; ++i) {
        out.push_back(static_cast<unsigned char>(value >> 8 * (bigEndian ? bytes - 1 - i : i)));
    }
    return out;
}

inline Buffer& putText(Buffer& out, const std::string& text) {
    out.insert(out.end(), text.begin(), text.end());
    return out;
}

inline Buffer& put(Buffer& out, const Buffer& more) {
    out.insert(out.end(), more.begin(), more.end());
    return out;
}

/// A TIFF structure with only an orientation.
inline Buffer exif(int orientation, bool bigEndian) {
    Buffer out;
    putText(out, bigEndian ? "MM" : "II");
    put(out, 42, 2, bigEndian);
    put(out, 8, 4, bigEndian);
    put(out, 1, 2, bigEndian);
    put(put(put(out, 274, 2, bigEndian), 3, 2, bigEndian), 1, 4, bigEndian);
    put(put(out, static_cast<uint32_t>(orientation), 2, bigEndian), 0, 2, bigEndian);
    return put(out, 0, 4, bigEndian);
}

inline Buffer jpegWithExif(const cv::Mat& picture, const Buffer& exif) {
    const Buffer plain = encoded(picture, ".jpg");
    Buffer out(plain.begin(), plain.begin() + 2);
    put(put(out, 0xffe1, 2, true), static_cast<uint32_t>(8 + exif.size()), 2, true);
    put(putText(out, std::string("Exif\0\0", 6)), exif);
    out.insert(out.end(), plain.begin() + 2, plain.end());
    return out;
}

inline Buffer pngWithExif(const cv::Mat& picture, const Buffer& exif) {
    const Buffer plain = encoded(picture, ".png");
    constexpr int head = 8 + 25;  // signature and IHDR
    Buffer chunk;
    put(putText(chunk, "eXIf"), exif);
    uint32_t crc = 0xffffffffU;
    for (const unsigned char c : chunk) {
        crc ^= c;
        for (int i = 0; i < 8; ++i) crc = crc >> 1 ^ ((crc & 1) != 0 ? 0xedb88320U : 0);
    }
    Buffer out(plain.begin(), plain.begin() + head);
    put(out, static_cast<uint32_t>(exif.size()), 4, true);
    put(put(out, chunk), ~crc, 4, true);
    out.insert(out.end(), plain.begin() + head, plain.end());
    return out;
}

inline Buffer webpWithExif(const cv::Mat& picture, const Buffer& exif) {
    const Buffer plain = encoded(picture, ".webp");
    Buffer body;
    put(put(putText(body, "WEBPVP8X"), 10, 4, false), 0x08, 4, false);
    put(put(body, static_cast<uint32_t>(picture.cols - 1), 3, false), static_cast<uint32_t>(picture.rows - 1), 3,
        false);
    body.insert(body.end(), plain.begin() + 12, plain.end());
    put(put(putText(body, "EXIF"), static_cast<uint32_t>(exif.size()), 4, false), exif);
    if (exif.size() % 2 != 0) body.push_back(0);
    Buffer out;
    put(putText(out, "RIFF"), static_cast<uint32_t>(body.size()), 4, false);
    return put(out, body);
}

/// The beginning of an animated WebP, which marks it as one.
inline Buffer animatedWebp() {
    Buffer body;
    put(put(putText(body, "WEBPVP8X"), 10, 4, false), 0x02, 4, false);
    put(put(body, 7, 3, false), 7, 3, false);
    put(put(put(putText(body, "ANIM"), 6, 4, false), 0, 4, false), 0, 2, false);
    Buffer out;
    put(putText(out, "RIFF"), static_cast<uint32_t>(body.size()), 4, false);
    return put(out, body);
}

/// Two frames of 2x2 pixels, as an animation.
inline Buffer gif() {
    Buffer out;
    putText(out, "GIF89a");
    put(out, {2, 0, 2, 0, 0x80, 0, 0, 0, 0, 0, 255, 255, 255});
    for (int i = 0; i < 2; ++i) {
        put(out, {0x21, 0xf9, 4, 0, 10, 0, 0, 0, 0x2c, 0, 0, 0, 0, 2, 0, 2, 0, 0, 2, 3, 0x44, 2, 5, 0});
    }
    return putText(out, ";");
}

/// A CMYK JPEG of one colour, 8x8. @param adobe as Adobe's programs write it, with inverted values
inline Buffer cmykJpeg(const std::vector<int>& stored, bool adobe) {
    Buffer out = {0xff, 0xd8};
    if (adobe) {
        putText(put(put(out, 0xffee, 2, true), 14, 2, true), "Adobe");
        put(out, {0, 100, 0, 0, 0, 0, 0});
    }
    put(out, {0xff, 0xdb, 0, 67, 0});
    out.insert(out.end(), 64, 8);  // a DC coefficient is the value itself
    put(out, {0xff, 0xc0, 0, 20, 8, 0, 8, 0, 8, 4});
    for (unsigned char i = 1; i <= 4; ++i) put(out, {i, 0x11, 0});
    // DC: categories 0 to 8, codes of four bits; AC: only the end of the block, a code of one.
    put(out, {0xff, 0xc4, 0, 28, 0x00, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8});
    put(out, {0xff, 0xc4, 0, 20, 0x10, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0});
    put(out, {0xff, 0xda, 0, 14, 4, 1, 0, 2, 0, 3, 0, 4, 0, 0, 63, 0});
    std::string bits;
    for (const int value : stored) {
        const int dc = value - 128;
        int category = 0;
        while (std::abs(dc) >> category != 0) ++category;
        for (int i = 3; i >= 0; --i) bits += static_cast<char>('0' + (category >> i & 1));
        const int coded = dc >= 0 ? dc : dc + (1 << category) - 1;
        for (int i = category - 1; i >= 0; --i) bits += static_cast<char>('0' + (coded >> i & 1));
        bits += '0';
    }
    bits.resize((bits.size() + 7) / 8 * 8, '1');
    for (size_t i = 0; i < bits.size(); i += 8) {
        out.push_back(static_cast<unsigned char>(std::stoi(bits.substr(i, 8), nullptr, 2)));
        if (out.back() == 0xff) out.push_back(0);
    }
    return put(out, {0xff, 0xd9});
}

struct TiffKind {
    uint32_t bits = 8, photometric = 2, orientation = 1, format = 1;
    bool bigEndian = false;
};

/// An uncompressed TIFF of three channels in one strip after the directory.
inline Buffer tiff(const cv::Mat& picture, const TiffKind& kind = {}) {
    const bool big = kind.bigEndian;
    const auto width = static_cast<uint32_t>(picture.cols), height = static_cast<uint32_t>(picture.rows);
    const uint32_t bytes = width * height * 3 * (kind.bits / 8);
    constexpr uint32_t entries = 11, bitsAt = 8 + 2 + entries * 12 + 4, pixelsAt = bitsAt + 6;
    Buffer out;
    put(put(putText(out, big ? "MM" : "II"), 42, 2, big), 8, 4, big);
    put(out, entries, 2, big);
    const auto entry = [&](uint32_t tag, bool isLong, uint32_t count, uint32_t value) {
        put(put(put(out, tag, 2, big), isLong ? 4 : 3, 2, big), count, 4, big);
        isLong || count > 1 ? put(out, value, 4, big) : put(put(out, value, 2, big), 0, 2, big);
    };
    entry(256, true, 1, width);
    entry(257, true, 1, height);
    entry(258, false, 3, bitsAt);
    entry(259, false, 1, 1);
    entry(262, false, 1, kind.photometric);
    entry(273, true, 1, pixelsAt);
    entry(274, false, 1, kind.orientation);
    entry(277, false, 1, 3);
    entry(278, true, 1, height);
    entry(279, true, 1, bytes);
    entry(339, false, 1, kind.format);
    put(out, 0, 4, big);
    for (int i = 0; i < 3; ++i) put(out, kind.bits, 2, big);
    for (int y = 0; y < picture.rows; ++y) {
        for (int x = 0; x < picture.cols; ++x) {
            for (int c = 2; c >= 0; --c) {
                const uint32_t v = picture.at<cv::Vec3b>(y, x)[c];
                kind.bits == 8 ? put(out, v, 1, big)
                               : put(out, kind.bits == 16 ? v * 257 : v << 24, static_cast<int>(kind.bits / 8), big);
            }
        }
    }
    return out;
}

}  // namespace drgan_test

#endif
