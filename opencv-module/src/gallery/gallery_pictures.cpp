// SPDX-License-Identifier: Apache-2.0
//
// The section "PICS", the stored pictures of people:
//
//     0           u32      number of people with stored pictures, at least 1
//
// for each of them, sorted by the bytes of their names (ascending, all different):
//
//     0           u32      L, bytes of the name: 1 to 1024
//     4           L bytes  the name, which is a person's of this file
//     4 + L       u32      number of pictures, at least 1
//
// and for each picture, in the order in which they were fused, with different labels:
//
//     0           u32      M, bytes of the label: 1 to 1024
//     4           u32      images in it, at least 1; more than 1 for a video
//     8           f64      sum of their confidences: finite, at least 0
//     16          M bytes  the label: UTF-8 without control characters
//     16 + M      Nf f32   the embedding, not normalised: finite, of a norm of 1e-15 to 1e15
#include "gallery_pictures.hpp"

#include <algorithm>
#include <climits>
#include <cmath>
#include <set>

#include "../little_endian.hpp"
#include "gallery_name.hpp"

namespace cv {
namespace drgan {

namespace {

using Bytes = std::vector<uchar>;

/// Reads a section's content sequentially; keeps the first fault.
class Reader {
public:
    explicit Reader(const Bytes& bytes) : bytes_(bytes) {}

    std::string fault;

    bool has(uint64_t count) {
        if (fault.empty() && count > bytes_.size() - at_) {
            fault = format("ends early: %zu bytes are left, expected %llu", bytes_.size() - at_,
                           static_cast<unsigned long long>(count));
        }
        return fault.empty();
    }
    /// Returns the next bytes. Call has() before.
    const uchar* take(size_t count) {
        const uchar* const data = bytes_.data() + at_;
        at_ += count;
        return data;
    }
    uint32_t u32() { return has(4) ? get32(take(4)) : 0; }
    std::string text(uint32_t count, const char* what) {
        if (fault.empty() && (count < 1 || count > maxGalleryTextBytes)) {
            fault = format("%s has %u bytes, expected 1 to %zu", what, count, maxGalleryTextBytes);
        }
        if (!has(count)) {
            return {};
        }
        const uchar* const data = take(count);
        const std::string out(data, data + count);
        const std::string wrong = nameFault(out.data(), out.size());
        if (!wrong.empty()) {
            fault = std::string(what) + " " + wrong;
        }
        return out;
    }
    bool atEnd() const { return at_ == bytes_.size(); }

private:
    const Bytes& bytes_;
    size_t at_ = 0;
};

GalleryPictures::Picture readPicture(Reader& reader, int length) {
    GalleryPictures::Picture picture;
    const uint32_t labelBytes = reader.u32();
    const uint32_t images = reader.u32();
    if (!reader.has(8)) {
        return picture;
    }
    picture.fused.total = getDouble(reader.take(8));
    picture.fused.images = static_cast<int>(std::min<uint32_t>(images, INT_MAX));
    picture.label = reader.text(labelBytes, "a picture's label");
    if (reader.fault.empty() &&
        (images < 1 || images > INT_MAX || !std::isfinite(picture.fused.total) || picture.fused.total < 0)) {
        reader.fault = format(
            "picture %s: got %u images of a total confidence of %g, expected at least 1 and a finite "
            "value >= 0",
            quoted(picture.label).c_str(), images, picture.fused.total);
    }
    if (!reader.has(static_cast<uint64_t>(length) * sizeof(float))) {
        return picture;
    }
    picture.fused.row.create(1, length, CV_32F);
    auto* const row = picture.fused.row.ptr<float>();
    const uchar* const values = reader.take(static_cast<size_t>(length) * sizeof(float));
    for (int i = 0; i < length; ++i) {
        row[i] = getFloat(values + static_cast<size_t>(i) * sizeof(float));
    }
    const double norm = rowNorm(row, length);  // NaN and infinity propagate
    if (!(norm >= minEmbeddingNorm && norm <= maxEmbeddingNorm)) {
        reader.fault = format("picture %s: got an embedding of norm %g, expected finite values of a norm of %g to %g",
                              quoted(picture.label).c_str(), norm, minEmbeddingNorm, maxEmbeddingNorm);
    }
    return picture;
}

}  // namespace

const GalleryPictures::List& GalleryPictures::of(const std::string& name) const {
    static const List none;
    const auto found = people_.find(name);
    return found == people_.end() ? none : found->second;
}

const GalleryPictures::Picture* GalleryPictures::find(const std::string& name, const std::string& label) const {
    const List& pictures = of(name);
    const auto found =
        std::find_if(pictures.begin(), pictures.end(), [&](const Picture& p) { return p.label == label; });
    return found == pictures.end() ? nullptr : &*found;
}

void GalleryPictures::replace(const std::string& name, List pictures) {
    const auto found = people_.find(name);
    if (found == people_.end()) {
        return;
    }
    // The new list shares the rows that stay.
    for (Picture& old : found->second) {
        const bool stays = std::any_of(pictures.begin(), pictures.end(),
                                       [&](const Picture& p) { return p.fused.row.data == old.fused.row.data; });
        if (!stays) {
            old.fused.row.setTo(0);  // clear a removed embedding from memory
        }
    }
    if (pictures.empty()) {
        people_.erase(found);
    } else {
        found->second = std::move(pictures);
    }
}

void GalleryPictures::rename(const std::string& from, const std::string& to) {
    auto node = people_.extract(from);
    if (!node.empty()) {
        node.key() = to;
        people_.insert(std::move(node));
    }
}

std::string GalleryPictures::faultAgainst(const GalleryPeople& people) const {
    for (const auto& entry : people_) {
        const int i = people.find(entry.first);
        if (i < 0) {
            return "has pictures of " + quoted(entry.first) + ", expected people of the file";
        }
        int64_t images = 0;
        for (const Picture& picture : entry.second) {
            images += picture.fused.images;
        }
        if (images > people.person(i).images) {
            return format("has %lld images of %s, expected at most the %d that are fused",
                          static_cast<long long>(images), quoted(entry.first).c_str(), people.person(i).images);
        }
    }
    return {};
}

std::vector<uchar> GalleryPictures::write() const {
    Bytes out;
    if (people_.empty()) {
        return out;
    }
    const auto text = [&](const std::string& value) { out.insert(out.end(), value.begin(), value.end()); };
    putInteger(out, people_.size(), 4);
    for (const auto& entry : people_) {
        putInteger(out, entry.first.size(), 4);
        text(entry.first);
        putInteger(out, entry.second.size(), 4);
        for (const Picture& picture : entry.second) {
            putInteger(out, picture.label.size(), 4);
            putInteger(out, static_cast<uint64_t>(picture.fused.images), 4);
            putDouble(out, picture.fused.total);
            text(picture.label);
            for (int i = 0; i < picture.fused.row.cols; ++i) {
                putFloat(out, picture.fused.row.ptr<float>()[i]);
            }
        }
    }
    return out;
}

std::string GalleryPictures::read(const std::vector<uchar>& content, int embeddingSize) {
    Reader reader(content);
    std::map<std::string, List> people;
    std::string last;
    const uint32_t count = reader.u32();
    if (reader.fault.empty() && count < 1) {
        return "has pictures of 0 people, expected at least 1";
    }
    for (uint32_t i = 0; i < count && reader.fault.empty(); ++i) {
        const std::string name = reader.text(reader.u32(), "a name");
        const uint32_t pictures = reader.u32();
        if (reader.fault.empty() && (pictures < 1 || (i > 0 && name <= last))) {
            return format("has %u pictures of %s after %s, expected at least 1 and ascending names", pictures,
                          quoted(name).c_str(), quoted(last).c_str());
        }
        List list;
        std::set<std::string> labels;
        for (uint32_t k = 0; k < pictures && reader.fault.empty(); ++k) {
            list.push_back(readPicture(reader, embeddingSize));
            if (reader.fault.empty() && !labels.insert(list.back().label).second) {
                reader.fault = "has two pictures " + quoted(list.back().label) + " of " + quoted(name) +
                               ", expected one of each label";
            }
        }
        people[name] = std::move(list);
        last = name;
    }
    if (reader.fault.empty() && !reader.atEnd()) {
        reader.fault = "has bytes after the last picture, expected none";
    }
    if (reader.fault.empty()) {
        people_ = std::move(people);
    }
    return reader.fault;
}

}  // namespace drgan
}  // namespace cv
