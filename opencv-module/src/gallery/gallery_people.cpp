// SPDX-License-Identifier: Apache-2.0
#include "gallery_people.hpp"

#include <algorithm>
#include <climits>
#include <cmath>
#include <cstring>

#include "gallery_name.hpp"

namespace cv {
namespace drgan {

namespace {

constexpr size_t chunkBytes = size_t(8) << 20;  // 4096 rows of 512

std::shared_ptr<GalleryChunk> newChunk(int rows, int length) {
    auto chunk = std::make_shared<GalleryChunk>();
    chunk->rows.create(rows, length, CV_32F);
    chunk->inverse.resize(static_cast<size_t>(rows));
    return chunk;
}

}  // namespace

double rowNorm(const float* row, int length) {
    double sum = 0;
    for (int i = 0; i < length; ++i) {
        sum += static_cast<double>(row[i]) * row[i];
    }
    return std::sqrt(sum);
}

void checkNorm(const float* row, int length, const char* name) {
    const double norm = rowNorm(row, length);
    if (norm == 0) {
        CV_Error(Error::StsBadArg, format("%s: got an embedding of zeros, expected a non-zero one", name));
    }
    if (!(norm >= minEmbeddingNorm && norm <= maxEmbeddingNorm)) {
        CV_Error(Error::StsOutOfRange, format("%s: got an embedding of norm %g, expected %g to %g", name, norm,
                                              minEmbeddingNorm, maxEmbeddingNorm));
    }
}

GalleryRows::GalleryRows(const GalleryPeople& people)
    : chunks_(people.chunks()), chunkRows_(people.chunkRows()), length_(people.length()), size_(people.size()) {
    for (const auto& chunk : chunks_) {
        chunk->readers.fetch_add(1, std::memory_order_relaxed);
    }
}

GalleryRows::~GalleryRows() {
    for (const auto& chunk : chunks_) {
        chunk->readers.fetch_sub(1, std::memory_order_release);
    }
}

const float* GalleryRows::row(int i) const {
    return chunks_[static_cast<size_t>(i / chunkRows_)]->rows.ptr<float>(i % chunkRows_);
}

float GalleryRows::inverse(int i) const {
    return chunks_[static_cast<size_t>(i / chunkRows_)]->inverse[static_cast<size_t>(i % chunkRows_)];
}

GallerySnapshot::GallerySnapshot(const GalleryPeople& source) : rows_(source) {
    people.reserve(static_cast<size_t>(source.size()));
    for (int i = 0; i < source.size(); ++i) {
        const GalleryPeople::Person& person = source.person(i);
        people.push_back({*person.name, source.row(i), person.total, person.images});
    }
}

GalleryPeople::GalleryPeople(int length)
    : length_(length),
      chunkRows_(
          static_cast<int>(std::clamp<size_t>(chunkBytes / (static_cast<size_t>(length) * sizeof(float)), 32, 4096))) {}

int GalleryPeople::find(const std::string& name) const {
    const auto found = index_.find(name);
    return found == index_.end() ? -1 : found->second;
}

const float* GalleryPeople::row(int i) const {
    return chunks_[static_cast<size_t>(i / chunkRows_)]->rows.ptr<float>(i % chunkRows_);
}

float GalleryPeople::inverse(int i) const {
    return chunks_[static_cast<size_t>(i / chunkRows_)]->inverse[static_cast<size_t>(i % chunkRows_)];
}

GalleryChunk& GalleryPeople::writable(int i) {
    std::shared_ptr<GalleryChunk>& chunk = chunks_[static_cast<size_t>(i / chunkRows_)];
    if (chunk->readers.load(std::memory_order_acquire) > 0) {
        auto copy = std::make_shared<GalleryChunk>();
        copy->rows = chunk->rows.clone();
        copy->inverse = chunk->inverse;
        chunk = copy;
    }
    return *chunk;
}

void GalleryPeople::write(int i, const float* row) {
    GalleryChunk& chunk = writable(i);
    std::memcpy(chunk.rows.ptr<float>(i % chunkRows_), row, static_cast<size_t>(length_) * sizeof(float));
    chunk.inverse[static_cast<size_t>(i % chunkRows_)] = static_cast<float>(1 / rowNorm(row, length_));
}

int GalleryPeople::add(const std::string& name, const FusedRow& added) {
    const int i = find(name);
    if (i < 0) {
        append(name, added);
        return size() - 1;
    }
    Person& known = people_[static_cast<size_t>(i)];
    const double total = known.total + added.total;
    if (!std::isfinite(total) || added.images > INT_MAX - known.images) {
        CV_Error(
            Error::StsOutOfRange,
            format("person %s: got %d images of total confidence %g in addition to %d of %g, expected sums that do "
                   "not overflow",
                   quoted(name).c_str(), added.images, added.total, known.images, known.total));
    }
    // Like Template: if all confidences are 0, all pictures have the same weight.
    const bool weighted = total > tinyTotalConfidence;
    const double sum = weighted ? total : static_cast<double>(known.images) + added.images;
    const double share = weighted ? added.total / sum : added.images / sum;
    const double rest = weighted ? known.total / sum : known.images / sum;
    const float* const before = row(i);
    const float* const with = added.row.ptr<float>();
    std::vector<float> mean(static_cast<size_t>(length_));
    for (int j = 0; j < length_; ++j) {
        mean[static_cast<size_t>(j)] = static_cast<float>(rest * before[j] + share * with[j]);
    }
    checkNorm(mean.data(), length_, format("person %s, fused with the new embedding", quoted(name).c_str()).c_str());
    write(i, mean.data());
    known.total = total;
    known.images += added.images;
    return i;
}

void GalleryPeople::append(const std::string& name, const FusedRow& added) {
    if (size() == INT_MAX) {
        CV_Error(Error::StsOutOfRange, format("the gallery is full: it has %d people", INT_MAX));
    }
    const int i = size();
    if (static_cast<size_t>(i / chunkRows_) == chunks_.size()) {
        chunks_.push_back(newChunk(chunkRows_, length_));
    }
    write(i, added.row.ptr<float>());
    if (people_.size() == people_.capacity()) {
        people_.reserve(2 * people_.size() + 16);  // push_back must not throw after the name is in the index
    }
    const auto entry = index_.emplace(name, i).first;
    people_.push_back({&entry->first, added.total, added.images});
}

bool GalleryPeople::remove(const std::string& name) {
    const auto found = index_.find(name);
    if (found == index_.end()) {
        return false;
    }
    const int i = found->second;
    const int last = size() - 1;
    if (i != last) {
        const std::vector<float> moved(row(last),
                                       row(last) + length_);  // a copy: write() may release the chunk of the row
        write(i, moved.data());
        people_[static_cast<size_t>(i)] = people_.back();
        index_.find(*people_.back().name)->second = i;
    }
    people_.pop_back();
    index_.erase(found);
    // Clear the row: the embedding of a removed person is biometric data.
    if (last % chunkRows_ == 0) {
        chunks_.pop_back();
    } else {
        writable(last).rows.row(last % chunkRows_).setTo(0);
    }
    return true;
}

void GalleryPeople::replace(int i, const FusedRow& fused) {
    write(i, fused.row.ptr<float>());
    people_[static_cast<size_t>(i)].total = fused.total;
    people_[static_cast<size_t>(i)].images = fused.images;
}

void GalleryPeople::rename(int i, const std::string& to) {
    std::string name = to;  // allocates before the entry is taken out of the index
    auto entry = index_.extract(*people_[static_cast<size_t>(i)].name);
    entry.key().swap(name);
    people_[static_cast<size_t>(i)].name = &index_.insert(std::move(entry)).position->first;
}

void GalleryPeople::reserve(size_t people) {
    people_.reserve(people);
    index_.reserve(people);
}

}  // namespace drgan
}  // namespace cv
