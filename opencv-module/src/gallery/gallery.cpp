// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <atomic>
#include <climits>
#include <cmath>
#include <mutex>
#include <shared_mutex>

#include "../thresholds.hpp"
#include "gallery_file.hpp"
#include "gallery_index.hpp"
#include "gallery_name.hpp"
#include "gallery_people.hpp"
#include "gallery_sections.hpp"

namespace cv {
namespace drgan {

namespace {

void checkName(const String& name) {
    const std::string fault = nameFault(name.data(), name.size());
    if (!fault.empty()) {
        CV_Error(Error::StsBadArg, "name " + quoted(name) + ": " + fault);
    }
}

/// n embeddings in rows, to be read only: shares the caller's memory if possible.
Mat embeddingRows(InputArray embeddings, int length) {
    Mat rows = matrix(embeddings);
    if (rows.empty() || rows.type() != CV_32FC1 || rows.dims != 2) {
        CV_Error(Error::StsBadArg, format("embeddings: got %s, expected CV_32FC1 of n rows x %d columns, n >= 1",
                                          describe(rows).c_str(), length));
    }
    if (rows.cols == 1 && rows.rows == length) {
        rows = rows.t();
    }
    if (rows.cols != length) {
        CV_Error(Error::StsUnmatchedSizes, format("embeddings: got %s, expected %d columns (the embedding size Nf)",
                                                  describe(rows).c_str(), length));
    }
    for (int i = 0; i < rows.rows; ++i) {
        const double norm = rowNorm(rows.ptr<float>(i), length);  // NaN and infinity propagate
        if (!std::isfinite(norm) || norm == 0) {
            CV_Error(Error::StsOutOfRange, format("embeddings: row %d %s", i,
                                                  norm == 0 ? "is all zeros, expected a non-zero embedding"
                                                            : "contains NaN or infinity, expected finite values"));
        }
    }
    return rows;
}

Mat oneEmbedding(InputArray embedding, int length) {
    const Mat row = embeddingRows(embedding, length);
    if (row.rows != 1) {
        CV_Error(Error::StsUnmatchedSizes, format("embedding: got %d rows, expected one", row.rows));
    }
    return row;
}

class GalleryImpl final : public Gallery {
public:
    GalleryImpl(int embeddingSize, const String& bundleId) : bundleId_(bundleId), people_(embeddingSize) {
        extras_.embeddingSize = embeddingSize;
    }

    void add(const String& name, InputArray embedding, float confidence) override {
        if (!std::isfinite(confidence) || confidence < 0) {
            CV_Error(Error::StsOutOfRange, format("confidence: got %g, expected a finite value >= 0", confidence));
        }
        addFused(name, embedding, confidence, 1);
    }

    void addFused(const String& name, InputArray embedding, double totalConfidence, int images) override {
        checkName(name);
        const FusedRow row = checkedRow(embedding, totalConfidence, images);
        const auto lock = lockToChange();
        addLocked(name, row);
    }

    void addPicture(const String& name, InputArray embedding, double totalConfidence, int images,
                    const String& picture) override {
        checkName(name);
        const std::string fault = nameFault(picture.data(), picture.size());
        if (!fault.empty()) {
            CV_Error(Error::StsBadArg, "picture " + quoted(picture) + ": " + fault);
        }
        const FusedRow row = checkedRow(embedding, totalConfidence, images);
        const auto lock = lockToChange();
        if (extras_.pictures.find(name, picture) != nullptr) {
            CV_Error(Error::StsBadArg, format("picture %s: %s already has a picture of this name",
                                              quoted(picture).c_str(), quoted(name).c_str()));
        }
        addLocked(name, row);
        extras_.pictures.add(name, {picture, row});
    }

    std::vector<String> pictures(const String& name) const override {
        const auto lock = lockToRead();
        findPerson(name);
        std::vector<String> labels;
        for (const auto& picture : extras_.pictures.of(name)) {
            labels.push_back(picture.label);
        }
        return labels;
    }

    void picture(const String& name, const String& picture, OutputArray embedding, double& totalConfidence,
                 int& images) const override {
        FusedRow found;
        {
            const auto lock = lockToRead();
            findPerson(name);
            const auto* const kept = extras_.pictures.find(name, picture);
            if (kept == nullptr) {
                CV_Error(Error::StsObjectNotFound,
                         format("picture %s: not found among the %zu stored pictures of %s", quoted(picture).c_str(),
                                extras_.pictures.of(name).size(), quoted(name).c_str()));
            }
            found = {kept->fused.row.clone(), kept->fused.total, kept->fused.images};
        }
        found.row.copyTo(embedding);
        totalConfidence = found.total;
        images = found.images;
    }

    bool removePicture(const String& name, const String& picture) override {
        const auto lock = lockToChange();
        const int i = findPerson(name);
        if (extras_.pictures.find(name, picture) == nullptr) {
            return false;
        }
        GalleryPictures::List left;
        int kept = 0;
        GalleryPeople again(people_.length());  // fuses all but that one again, in the same order
        for (const auto& p : extras_.pictures.of(name)) {
            kept += p.fused.images;
            if (p.label != picture) {
                again.add(name, p.fused);
                left.push_back(p);
            }
        }
        if (kept != people_.person(i).images) {
            CV_Error(
                Error::StsBadArg,
                format("picture %s: of the %d images of %s only %d are stored, so that none can be removed; remove the "
                       "person and enrol them again",
                       quoted(picture).c_str(), people_.person(i).images, quoted(name).c_str(), kept));
        }
        if (left.empty()) {
            removeLocked(name, i);
            return true;
        }
        const Mat row(1, people_.length(), CV_32F, const_cast<float*>(again.row(0)));
        labels_.reserve();
        nextLabels_.reserve();
        people_.replace(i, {row, again.person(0).total, again.person(0).images});
        labels_.changed(i);
        nextLabels_.changed(i);
        extras_.pictures.replace(name, std::move(left));
        return true;
    }

    void rename(const String& name, const String& to) override {
        checkName(to);
        const auto lock = lockToChange();
        const int i = findPerson(name);
        if (name == to) {
            return;
        }
        if (people_.find(to) >= 0) {
            CV_Error(Error::StsBadArg, format("name %s: there is already such a person, expected an unused name for %s",
                                              quoted(to).c_str(), quoted(name).c_str()));
        }
        people_.rename(i, to);
        extras_.pictures.rename(name, to);
    }

    bool remove(const String& name) override {
        const auto lock = lockToChange();
        const int i = people_.find(name);
        if (i < 0) {
            return false;
        }
        removeLocked(name, i);
        return true;
    }

    bool contains(const String& name) const override {
        const auto lock = lockToRead();
        return people_.find(name) >= 0;
    }

    std::vector<String> names() const override {
        std::vector<String> result;
        {
            const auto lock = lockToRead();
            result.reserve(static_cast<size_t>(people_.size()));
            for (int i = 0; i < people_.size(); ++i) {
                result.push_back(*people_.person(i).name);
            }
        }
        std::sort(result.begin(), result.end());
        return result;
    }

    int size() const override {
        const auto lock = lockToRead();
        return people_.size();
    }

    void person(const String& name, OutputArray embedding, double& totalConfidence, int& images) const override {
        Mat row;
        GalleryPeople::Person found;
        {
            const auto lock = lockToRead();
            const int i = findPerson(name);
            found = people_.person(i);
            row.create(1, people_.length(), CV_32F);
            std::copy_n(people_.row(i), people_.length(), row.ptr<float>());
        }
        row.copyTo(embedding);
        totalConfidence = found.total;
        images = found.images;
    }

    void search(InputArray embeddings, int k, std::vector<String>& names, OutputArray similarities) const override {
        const Mat queries = embeddingRows(embeddings, people_.length());
        if (k < 1) {
            CV_Error(Error::StsOutOfRange, format("k: got %d, expected at least 1", k));
        }
        std::vector<String> found;
        Mat values;
        {
            const auto lock = lockToRead();
            const int count = std::min(k, people_.size());
            if (static_cast<int64_t>(queries.rows) * count > INT_MAX) {
                CV_Error(Error::StsOutOfRange, format("k: got %d for %d embeddings, expected at most %d matches in all",
                                                      k, queries.rows, INT_MAX));
            }
            if (count > 0) {
                const auto matches = mostAlike(queries, count);
                found.reserve(matches.size() * static_cast<size_t>(count));
                values.create(queries.rows, count, CV_32F);
                for (int q = 0; q < queries.rows; ++q) {
                    for (int i = 0; i < count; ++i) {
                        const GalleryMatch& match = matches[static_cast<size_t>(q)][static_cast<size_t>(i)];
                        found.push_back(*people_.person(match.person).name);
                        values.at<float>(q, i) = match.similarity;
                    }
                }
            }
        }
        names.swap(found);
        if (similarities.needed()) {
            values.empty() ? similarities.release() : values.copyTo(similarities);
        }
    }

    Identification identify(InputArray embedding, const NamingRule& rule, int images) const override {
        const Mat query = oneEmbedding(embedding, people_.length());
        Identification found;
        const auto lock = lockToRead();
        const int count = std::min(2, people_.size());
        found.threshold = static_cast<float>(thresholdOf(rule, images, 1));
        if (count == 0) {
            return found;
        }
        const auto matches = mostAlike(query, count).front();
        const GalleryPeople::Person& best = people_.person(matches[0].person);
        found.best = *best.name;
        found.similarity = matches[0].similarity;
        if (count > 1) {
            found.second = *people_.person(matches[1].person).name;
            found.secondSimilarity = matches[1].similarity;
        }
        found.threshold = static_cast<float>(thresholdOf(rule, images, best.images));
        const bool clear = count == 1 || found.similarity - found.secondSimilarity >= rule.margin;
        if (found.similarity >= found.threshold && clear) {
            found.name = found.best;
        }
        return found;
    }

    double namingThreshold(const NamingRule& rule, int images, int personImages) const override {
        const auto lock = lockToRead();
        return thresholdOf(rule, images, personImages);
    }

    void buildIndex(int type) override {
        if (type != INDEX_EXACT && type != INDEX_IVF && type != INDEX_HNSW) {
            CV_Error(Error::StsBadArg,
                     format("type: got %d, expected INDEX_EXACT (0), INDEX_IVF (1) or INDEX_HNSW (2)", type));
        }
        if (type != INDEX_EXACT) {
            checkIndexable(people_.length());
        }
        const std::lock_guard<std::mutex> buildLock(buildMutex_);
        std::unique_ptr<const GalleryIndex> index;
        if (type != INDEX_EXACT) {
            try {
                std::unique_ptr<const GalleryRows> rows;
                {
                    const auto lock = lockToChange();
                    nextLabels_ = IndexLabels(people_.size());
                    rows = std::make_unique<GalleryRows>(people_);
                }
                index = makeGalleryIndex(type, *rows);
            } catch (...) {
                const auto lock = lockToChange();
                nextLabels_ = IndexLabels();
                throw;
            }
        }
        const auto lock = lockToChange();
        index_.swap(index);
        labels_ = std::move(nextLabels_);
        nextLabels_ = IndexLabels();
        type_ = type;
    }

    int indexType() const override {
        const auto lock = lockToRead();
        return type_;
    }

    int outsideIndex() const override {
        const auto lock = lockToRead();
        return static_cast<int>(labels_.outside().size());
    }

    void setSearchEffort(double effort) override {
        if (!(effort >= 0.01 && effort <= 1000)) {
            CV_Error(Error::StsOutOfRange, format("effort: got %g, expected 0.01 to 1000", effort));
        }
        effort_ = effort;
    }
    double searchEffort() const override { return effort_; }

    void setThresholds(const Thresholds& thresholds) override {
        const std::string fault = thresholdsFault(thresholds);
        if (!fault.empty()) {
            CV_Error(Error::StsBadArg, "thresholds: " + fault);
        }
        const auto lock = lockToChange();
        extras_.thresholds = thresholds;
    }
    Thresholds thresholds() const override {
        const auto lock = lockToRead();
        return extras_.thresholds;
    }

    void save(const String& path) const override {
        std::unique_ptr<GallerySnapshot> snapshot;
        std::vector<GallerySection> sections;
        {
            const auto lock = lockToRead();
            snapshot = std::make_unique<GallerySnapshot>(people_);
            sections = sectionsOf(extras_);
        }
        writeGallery(path, people_.length(), bundleId_, *snapshot, sections);
    }

    int embeddingSize() const override { return people_.length(); }
    String bundleId() const override { return bundleId_; }

    void addNew(const std::string& name, const FusedRow& fused) { people_.add(name, fused); }
    void reserve(size_t people) { people_.reserve(people); }
    /// @return what is wrong with the section, or empty
    std::string take(const GallerySection& section) {
        const std::string fault = readSection(section, extras_);
        return fault.empty() ? extras_.pictures.faultAgainst(people_) : fault;
    }

private:
    FusedRow checkedRow(InputArray embedding, double totalConfidence, int images) const {
        if (!std::isfinite(totalConfidence) || totalConfidence < 0) {
            CV_Error(Error::StsOutOfRange,
                     format("totalConfidence: got %g, expected a finite value >= 0", totalConfidence));
        }
        if (images < 1) {
            CV_Error(Error::StsOutOfRange, format("images: got %d, expected at least 1", images));
        }
        const Mat row = embeddingRow(embedding, "embedding", people_.length());
        checkNorm(row.ptr<float>(), row.cols, "embedding");
        return {row, totalConfidence, images};
    }
    void addLocked(const String& name, const FusedRow& row) {
        labels_.reserve();
        nextLabels_.reserve();
        const int before = people_.size();
        const int i = people_.add(name, row);
        for (IndexLabels* labels : {&labels_, &nextLabels_}) {
            i == before ? labels->added() : labels->changed(i);
        }
    }
    void removeLocked(const String& name, int i) {
        extras_.pictures.remove(name);
        people_.remove(name);
        labels_.removed(i);
        nextLabels_.removed(i);
    }
    int findPerson(const String& name) const {
        const int i = people_.find(name);
        if (i < 0) {
            CV_Error(Error::StsObjectNotFound, format("name %s: there is no such person among the %d of the gallery",
                                                      quoted(name).c_str(), people_.size()));
        }
        return i;
    }

    // A shared_mutex may admit readers while a writer waits, so that a writer could wait forever. Therefore everybody
    // passes a turnstile, which a waiting writer holds.
    std::unique_lock<std::shared_mutex> lockToChange() {
        const std::lock_guard<std::mutex> turnstile(turnstile_);
        return std::unique_lock<std::shared_mutex>(mutex_);
    }
    std::shared_lock<std::shared_mutex> lockToRead() const {
        const std::lock_guard<std::mutex> turnstile(turnstile_);
        return std::shared_lock<std::shared_mutex>(mutex_);
    }

    // The caller holds the lock.
    std::vector<std::vector<GalleryMatch>> mostAlike(const Mat& queries, int count) const {
        return index_ && count <= maxIndexedMatches
                   ? searchWithIndex(people_, *index_, labels_, queries, count, effort_)
                   : searchExactly(people_, queries, count);
    }
    double thresholdOf(const NamingRule& rule, int images, int personImages) const {
        return drgan::namingThreshold(rule, extras_.thresholds, people_.size(), images, personImages);
    }

    const String bundleId_;
    mutable std::mutex turnstile_;
    mutable std::shared_mutex mutex_;
    GalleryPeople people_;
    GalleryExtras extras_;
    std::mutex buildMutex_;  ///< held while an index is built; locked before the others
    std::unique_ptr<const GalleryIndex> index_;
    IndexLabels labels_;      ///< of index_
    IndexLabels nextLabels_;  ///< of the index that is being built
    int type_ = INDEX_EXACT;
    std::atomic<double> effort_{1};
};

}  // namespace

bool Gallery::hasIndexes() { return galleryIndexesBuilt(); }

Ptr<Gallery> Gallery::create(const Ptr<Encoder>& encoder) {
    if (!encoder) {
        CV_Error(Error::StsNullPtr, "encoder: got none, expected one (or see createEmpty)");
    }
    return createEmpty(encoder->embeddingSize(), encoder->bundleId());
}

Ptr<Gallery> Gallery::createEmpty(int embeddingSize, const String& bundleId) {
    if (embeddingSize < 1 || embeddingSize > maxGalleryEmbeddingSize) {
        CV_Error(Error::StsOutOfRange,
                 format("embeddingSize: got %d, expected 1 to %d", embeddingSize, maxGalleryEmbeddingSize));
    }
    const std::string fault = nameFault(bundleId.data(), bundleId.size());
    if (!fault.empty()) {
        CV_Error(Error::StsBadArg, "bundleId " + quoted(bundleId) + ": " + fault);
    }
    return makePtr<GalleryImpl>(embeddingSize, bundleId);
}

Ptr<Gallery> Gallery::load(const String& path, const Ptr<Encoder>& encoder) {
    Ptr<GalleryImpl> gallery;
    readGallery(
        path,
        [&](const GalleryHeader& header) {
            if (encoder && header.bundleId != encoder->bundleId()) {
                CV_Error(Error::StsBadArg, path + ": holds embeddings of the bundle " + quoted(header.bundleId) +
                                               ", expected " + quoted(encoder->bundleId()) +
                                               ", the encoder's: embeddings of different encoders cannot be compared");
            }
            if (encoder && header.embeddingSize != encoder->embeddingSize()) {
                CV_Error(Error::StsUnmatchedSizes,
                         format("%s: embeddings have %d values, expected %d like the encoder's", path.c_str(),
                                header.embeddingSize, encoder->embeddingSize()));
            }
            gallery = makePtr<GalleryImpl>(header.embeddingSize, header.bundleId);
            constexpr uint64_t sane = 1 << 20;  // beyond that, memory is allocated as people are read
            gallery->reserve(static_cast<size_t>(std::min(header.people, sane)));
        },
        [&](const std::string& name, const FusedRow& fused) { gallery->addNew(name, fused); },
        [&](const GallerySection& section) { return gallery->take(section); });
    return gallery;
}

}  // namespace drgan
}  // namespace cv
