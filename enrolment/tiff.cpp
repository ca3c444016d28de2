// SPDX-License-Identifier: Apache-2.0
//
// The structure of TIFF files and of Exif data.
#include <vector>

#include "picture_format.hpp"

namespace drgan::enrolment {
namespace {

enum Tag : unsigned {
    bitsPerSample = 258,
    photometric = 262,
    stripOffsets = 273,
    orientationTag = 274,
    stripBytes = 279,
    tileOffsets = 324,
    tileBytes = 325,
    sampleFormat = 339
};

/// The first directory of a TIFF structure.
class Directory {
public:
    explicit Directory(const Bytes& bytes) : file_(bytes.part(0, bytes.size(), bytes.u8(0) == 'M')) {
        const bool known = file_.holds(0, "II*\0", 4) || file_.holds(0, "MM\0*", 4);
        at_ = known ? file_.u32(4) : 0;
        count_ = at_ >= 8 && file_.has(at_, 2) ? file_.u16(at_) : 0;
    }

    bool empty() const { return count_ == 0; }
    bool whole() const { return file_.has(at_, 2 + size_t(count_) * 12); }

    /// The values of a tag, SHORT or LONG; empty if it is absent or of another type.
    /// @param complete set to false if they are beyond the end of the file
    std::vector<uint32_t> values(unsigned tag, bool& complete) const {
        std::vector<uint32_t> out;
        for (unsigned i = 0; i < count_; ++i) {
            const size_t entry = at_ + 2 + size_t(i) * 12;
            if (!file_.has(entry, 12) || file_.u16(entry) != tag) {
                continue;
            }
            const size_t width = file_.u16(entry + 2) == 3 ? 2 : file_.u16(entry + 2) == 4 ? 4 : 0;
            const size_t count = file_.u32(entry + 4);
            const size_t at = width * count <= 4 ? entry + 8 : file_.u32(entry + 8);
            if (width == 0 || count > file_.size() || !file_.has(at, width * count)) {
                complete = complete && width == 0;
                return {};
            }
            for (size_t k = 0; k < count; ++k) {
                out.push_back(width == 2 ? file_.u16(at + 2 * k) : file_.u32(at + 4 * k));
            }
            return out;
        }
        return out;
    }

    uint32_t value(unsigned tag, uint32_t absent) const {
        bool complete = true;
        const auto all = values(tag, complete);
        return all.empty() ? absent : all[0];
    }

private:
    Bytes file_;
    size_t at_ = 0;
    unsigned count_ = 0;
};

bool piecesAreThere(const Bytes& file, const Directory& directory, unsigned offsets, unsigned counts) {
    bool complete = true;
    const auto at = directory.values(offsets, complete);
    const auto bytes = directory.values(counts, complete);
    for (size_t i = 0; i < at.size() && i < bytes.size(); ++i) {
        complete = complete && file.has(at[i], bytes[i]);
    }
    return complete;
}

}  // namespace

int exifOrientation(const Bytes& exif) {
    const uint32_t value = Directory(exif).value(orientationTag, 1);
    return value >= 1 && value <= 8 ? static_cast<int>(value) : 1;
}

Container inspectTiff(const Bytes& file) {
    const Directory directory(file);
    if (file.u16(2) == 43 || file.u16(2) == 43 << 8) {
        return {"is a BigTIFF, which is not supported: save it as a PNG or JPEG"};
    }
    if (directory.empty() || !directory.whole() || !piecesAreThere(file, directory, stripOffsets, stripBytes) ||
        !piecesAreThere(file, directory, tileOffsets, tileBytes)) {
        return {cutOff};
    }
    // 0 and 1: grey; 2: RGB; 3: a palette; 6: YCbCr.
    const uint32_t colours = directory.value(photometric, 2);
    if (colours > 3 && colours != 6) {
        return {"is a TIFF of colours that are not read (" +
                (colours == 5 ? std::string("CMYK") : "photometric interpretation " + std::to_string(colours)) +
                "): save it as RGB"};
    }
    const uint32_t bits = directory.value(bitsPerSample, 1);
    const uint32_t kind = directory.value(sampleFormat, 1);
    if (kind != 1 || (bits != 1 && bits != 8 && bits != 16)) {
        return {"is a TIFF of " + std::to_string(bits) + "-bit " + (kind == 3 ? "floating point" : "") +
                " values, which is not read: save it with 8 bits a channel"};
    }
    // OpenCV's versions differ in which of them they rotate.
    if (directory.value(orientationTag, 1) != 1) {
        return {"is a TIFF with an orientation tag, which is not supported: save it upright, or as a PNG or JPEG"};
    }
    return {};
}

}  // namespace drgan::enrolment
