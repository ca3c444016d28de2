// SPDX-License-Identifier: Apache-2.0
//
// The section "RATE", thresholds that were measured on the gallery:
//
//     0           u32      n, false-match rates: 2 to 64
//     4           n pairs  f64 the rate, within (0, 1), descending; f32 the cosine, within [-1, 1], ascending
#include "gallery_sections.hpp"

#include "../little_endian.hpp"
#include "../thresholds.hpp"

namespace cv {
namespace drgan {

namespace {

using Bytes = std::vector<uchar>;

Bytes writeThresholds(const GalleryExtras& extras) {
    const Thresholds& thresholds = extras.thresholds;
    Bytes out;
    if (!thresholds.empty()) {
        putInteger(out, thresholds.rates.size(), 4);
        for (size_t i = 0; i < thresholds.rates.size(); ++i) {
            putDouble(out, thresholds.rates[i]);
            putFloat(out, thresholds.cosines[i]);
        }
    }
    return out;
}

std::string readThresholds(const Bytes& content, GalleryExtras& extras) {
    constexpr size_t pairBytes = 12;
    const uint64_t count = content.size() < 4 ? 0 : get32(content.data());
    if (count < minThresholds || count > maxThresholds || content.size() != 4 + count * pairBytes) {
        return format(
            "got %zu bytes for %llu false-match rates, expected 4 bytes and %zu to %zu rates of %zu bytes each",
            content.size(), static_cast<unsigned long long>(count), minThresholds, maxThresholds, pairBytes);
    }
    Thresholds read;
    for (size_t i = 0; i < count; ++i) {
        const uchar* const pair = content.data() + 4 + i * pairBytes;
        read.rates.push_back(getDouble(pair));
        read.cosines.push_back(getFloat(pair + 8));
    }
    extras.thresholds = read;
    return thresholdsFault(read);
}

struct Kind {
    const char* tag;
    Bytes (*write)(const GalleryExtras&);  ///< returns empty if there is nothing to write
    std::string (*read)(const Bytes& content, GalleryExtras&);
};

constexpr Kind kinds[] = {  // sorted by their tags
    {"PICS", [](const GalleryExtras& extras) { return extras.pictures.write(); },
     [](const Bytes& content, GalleryExtras& extras) { return extras.pictures.read(content, extras.embeddingSize); }},
    {"RATE", writeThresholds, readThresholds}};

}  // namespace

std::vector<GallerySection> sectionsOf(const GalleryExtras& extras) {
    std::vector<GallerySection> sections;
    for (const Kind& kind : kinds) {
        GallerySection section{kind.tag, kind.write(extras)};
        if (!section.content.empty()) {
            sections.push_back(std::move(section));
        }
    }
    return sections;
}

std::string readSection(const GallerySection& section, GalleryExtras& extras) {
    std::string known;
    for (const Kind& kind : kinds) {
        if (section.tag == kind.tag) {
            return kind.read(section.content, extras);
        }
        known += (known.empty() ? "" : ", ") + std::string(kind.tag);
    }
    return "is unknown, expected one of " + known + ": a newer program wrote the file";
}

}  // namespace drgan
}  // namespace cv
