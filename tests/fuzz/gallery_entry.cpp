// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <opencv2/drgan.hpp>

#include "crc32c.hpp"
#include "entries.hpp"
#include "scratch.hpp"

using cv::drgan::Gallery;

namespace drgan_fuzz {

namespace {

using Bytes = std::vector<unsigned char>;

uint64_t get(const Bytes& bytes, size_t at, int count) {
    uint64_t value = 0;
    for (int i = 0; i < count; ++i) {
        value |= static_cast<uint64_t>(bytes[at + static_cast<size_t>(i)]) << (8 * i);
    }
    return value;
}

void put(Bytes& bytes, size_t at, uint64_t value, int count) {
    for (int i = 0; i < count; ++i) {
        bytes[at + static_cast<size_t>(i)] = static_cast<unsigned char>(value >> (8 * i));
    }
}

/// Corrects the magic number, the file's length and the checksums, as far as there are bytes.
Bytes repaired(Bytes bytes) {
    constexpr size_t header = 36;
    if (bytes.size() < header) {
        return bytes;
    }
    const char magic[] = "DRGANGAL";
    std::copy(magic, magic + 8, bytes.begin());
    put(bytes, 8, bytes[8] == 2 ? 2 : 1, 4);
    put(bytes, 24, bytes.size(), 8);
    size_t begin = 0;
    size_t end = header + get(bytes, 32, 4);
    const size_t row = 4 * get(bytes, 12, 4);
    uint64_t people = get(bytes, 16, 8);
    while (end <= bytes.size() && bytes.size() - end >= 4) {
        put(bytes, end, cv::drgan::crc32c(bytes.data() + begin, end - begin), 4);
        begin = end + 4;
        const size_t left = bytes.size() - begin;
        if (left < (people > 0 ? 16u : 12u)) {
            break;
        }
        if (people > 0) {
            --people;
            end = begin + 16 + get(bytes, begin, 4) + row;
        } else {  // a section
            const uint64_t content = get(bytes, begin + 4, 8);
            if (content > left) {
                break;
            }
            end = begin + 12 + content;
        }
    }
    return bytes;
}

void use(const Gallery& gallery) {
    const auto names = gallery.names();
    if (static_cast<int>(names.size()) != gallery.size()) {
        finding("size() is not the number of names");
    }
    for (const auto& name : names) {
        cv::Mat embedding, similarities;
        double total = -1;
        int images = 0;
        gallery.person(name, embedding, total, images);
        if (!cv::checkRange(embedding) || !std::isfinite(total) || total < 0 || images < 1) {
            finding("a person's values are out of range");
        }
        for (const auto& label : gallery.pictures(name)) {
            int part = 0;
            gallery.picture(name, label, similarities, total, part);
            if (part < 1 || part > images) {
                finding("a picture's values are out of range");
            }
        }
        std::vector<cv::String> found;
        gallery.search(embedding, 3, found, similarities);
        if (!(similarities.at<float>(0, 0) > 0.999f)) {
            finding("a person is not like itself");
        }
    }
}

Verdict load(const Bytes& bytes) {
    const std::string path = scratchFolder() + "/gallery", again = scratchFolder() + "/again";
    write(path, bytes.data(), bytes.size());
    cv::Ptr<Gallery> gallery;
    try {
        gallery = Gallery::load(path);
    } catch (const cv::Exception&) {
        return Verdict::refused;
    }
    // From here on, no error is expected.
    use(*gallery);
    gallery->save(again);
    if (read(again) != bytes) {
        finding("a gallery that was loaded is saved as another file");
    }
    return Verdict::accepted;
}

}  // namespace

Verdict gallery(const uint8_t* data, size_t size) {
    silenceErrors();
    const Bytes bytes(data, data + size);
    load(repaired(bytes));
    return load(bytes);
}

}  // namespace drgan_fuzz
