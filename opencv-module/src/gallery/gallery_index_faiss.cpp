// SPDX-License-Identifier: Apache-2.0
//
// The only file that includes Faiss, which may be missing. Rows are normalised and projected on as many principal axes
// as have nearly all of the variance, which makes them shorter; of unit vectors, those with a small distance have a
// large cosine. Floats are used because Faiss is built for SSE on some systems (Debian), where they are faster than its
// quantizers.

#include "gallery_index.hpp"

#ifdef DRGAN_HAVE_FAISS

#include <faiss/IndexFlat.h>
#include <faiss/IndexHNSW.h>
#include <faiss/IndexIVFFlat.h>
#include <faiss/VectorTransform.h>
#include <faiss/impl/FaissException.h>
#include <omp.h>

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace cv {
namespace drgan {

namespace {

constexpr double keptVariance = 0.97;
constexpr int axesStep = 16;
constexpr int rowsAtOnce = 16384;
constexpr int maxLists = 2048;
constexpr int pointsPerList = 64;      // training points per list
constexpr double listsVisited = 0.24;  // share of the lists, at effort 1
constexpr int links = 16;              // per person in the graph; twice as many on its lowest level
constexpr int effortToBuild = 40;
constexpr double queueLength = 512;  // at effort 1

using Label = std::int64_t;  // Faiss's idx_t, which versions before 1.7.4 define inside a class

/// Sets the number of OpenMP threads, and so of Faiss, in the calling thread while the object exists.
class OmpThreads {
public:
    explicit OmpThreads(int count) : before_(omp_get_max_threads()) { omp_set_num_threads(std::max(1, count)); }
    ~OmpThreads() { omp_set_num_threads(before_); }
    OmpThreads(const OmpThreads&) = delete;
    OmpThreads& operator=(const OmpThreads&) = delete;

private:
    const int before_;
};

/// @return `count` rows, evenly spread, as unit vectors one after the other
std::vector<float> sampleUnits(const GalleryRows& rows, int first, int count, double step) {
    std::vector<float> units(static_cast<size_t>(count) * static_cast<size_t>(rows.length()));
    float* out = units.data();
    for (int i = 0; i < count; ++i, out += rows.length()) {
        const int person = first + static_cast<int>(i * step);
        const float inverse = rows.inverse(person);
        std::transform(rows.row(person), rows.row(person) + rows.length(), out,
                       [inverse](float value) { return value * inverse; });
    }
    return units;
}

/// The principal axes of the gallery's unit vectors.
class Axes {
public:
    explicit Axes(const GalleryRows& rows) {
        const int length = rows.length();
        const int count = std::min(rows.size(), std::max(32 * length, rowsAtOnce));
        const std::vector<float> units = sampleUnits(rows, 0, count, static_cast<double>(rows.size()) / count);
        // With fewer people than axes, Faiss would find no more axes than people, and people added later would not fit.
        if (length <= axesStep || count < 2 * length) {
            return;
        }
        faiss::PCAMatrix all(length, length);
        all.max_points_per_d = static_cast<size_t>(count);
        all.train(count, units.data());
        double sum = 0, kept = 0;
        for (const float value : all.eigenvalues) {
            sum += std::max(0.0f, value);
        }
        int axes = 0;
        while (axes < length && (kept < keptVariance * sum || axes % axesStep != 0)) {
            kept += std::max(0.0f, all.eigenvalues[static_cast<size_t>(axes++)]);
        }
        if (axes > 0 && axes < length) {
            transform_ = std::make_unique<faiss::PCAMatrix>(length, axes);
            transform_->copy_from(all);
            transform_->is_trained = true;
        }
    }

    int count(int length) const { return transform_ ? transform_->d_out : length; }

    std::vector<float> apply(int n, std::vector<float> units) const {
        if (!transform_) {
            return units;
        }
        std::vector<float> result(static_cast<size_t>(n) * static_cast<size_t>(transform_->d_out));
        transform_->apply_noalloc(n, units.data(), result.data());
        return result;
    }

    /// One vector, without threads.
    std::vector<float> apply(const float* unit, int length) const {
        if (!transform_) {
            return {unit, unit + length};
        }
        std::vector<float> result(transform_->b.begin(), transform_->b.end());
        result.resize(static_cast<size_t>(transform_->d_out));
        for (int i = 0; i < transform_->d_out; ++i) {
            const float* const axis = &transform_->A[static_cast<size_t>(i) * static_cast<size_t>(length)];
            float sum = 0;
            for (int j = 0; j < length; ++j) {
                sum += axis[j] * unit[j];
            }
            result[static_cast<size_t>(i)] += sum;
        }
        return result;
    }

private:
    std::unique_ptr<faiss::PCAMatrix> transform_;
};

class FaissIndex : public GalleryIndex {
public:
    explicit FaissIndex(const GalleryRows& rows)
        : length_(rows.length()), people_(rows.size()), axes_(rows), count_(axes_.count(rows.length())) {}

    void findNearest(const float* unit, int count, double effort, std::vector<int>& labels) const override {
        std::vector<Label> found;
        try {
            search(axes_.apply(unit, length_).data(), std::min(count, people_), effort, found);
        } catch (const faiss::FaissException& error) {
            CV_Error(Error::StsError, std::string("Faiss: ") + error.what());
        }
        labels.assign(found.begin(), found.end());
    }

protected:
    /// @param found at most `count` labels
    virtual void search(const float* query, int count, double effort, std::vector<Label>& found) const = 0;

    /// Keeps the `count` labels with the lowest scores. @param found labels of these scores, -1: none
    static void keepNearest(const std::vector<float>& scores, size_t count, std::vector<Label>& found) {
        std::vector<std::pair<float, Label>> order;
        for (size_t i = 0; i < found.size(); ++i) {
            if (found[i] >= 0) {
                order.emplace_back(scores[i], found[i]);
            }
        }
        const auto end = order.begin() + static_cast<std::ptrdiff_t>(std::min(count, order.size()));
        std::nth_element(order.begin(), end, order.end());
        found.clear();
        for (auto i = order.begin(); i != end; ++i) {
            found.push_back(i->second);
        }
    }

    void addAll(const GalleryRows& rows, faiss::Index& index) const {
        for (int begin = 0; begin < rows.size(); begin += rowsAtOnce) {
            const int count = std::min(rowsAtOnce, rows.size() - begin);
            index.add(count, axes_.apply(count, sampleUnits(rows, begin, count, 1)).data());
        }
    }

    const int length_, people_;
    const Axes axes_;
    const int count_;  ///< axes
};

class IvfIndex final : public FaissIndex {
public:
    explicit IvfIndex(const GalleryRows& rows)
        : FaissIndex(rows),
          // At least 39 people per list, as Faiss's k-means requires.
          lists_(std::clamp(static_cast<int>(std::min(4 * std::sqrt(rows.size()), rows.size() / 39.0)), 1, maxLists)),
          quantizer_(count_),
          index_(&quantizer_, static_cast<size_t>(count_), static_cast<size_t>(lists_)) {
        const int count = std::min(rows.size(), lists_ * pointsPerList);
        index_.cp.max_points_per_centroid = pointsPerList;
        index_.cp.niter = 8;
        std::vector<float> points;
        const double step = static_cast<double>(rows.size()) / count;
        for (int begin = 0; begin < count; begin += rowsAtOnce) {  // in pieces: rows before projection are larger
            const int n = std::min(rowsAtOnce, count - begin);
            const auto piece = axes_.apply(n, sampleUnits(rows, static_cast<int>(begin * step), n, step));
            points.insert(points.end(), piece.begin(), piece.end());
        }
        index_.train(count, points.data());
        addAll(rows, index_);
    }

private:
    void search(const float* query, int count, double effort, std::vector<Label>& found) const override {
        const auto visited =
            static_cast<size_t>(std::clamp(std::lround(listsVisited * effort * lists_), 1L, long{lists_}));
        std::vector<float> distances(visited);
        std::vector<Label> keys(visited);
        quantizer_.search(1, query, static_cast<Label>(visited), distances.data(), keys.data());
        // With threads of OpenCV, not of Faiss: within a batch, each thread already has a query.
        const size_t stripes = std::min(visited, static_cast<size_t>(std::max(1, getNumThreads())));
        const auto wanted = static_cast<size_t>(count);
        std::vector<float> scores(stripes * wanted);
        found.resize(stripes * wanted);
        parallel_for_(Range(0, static_cast<int>(stripes)), [&](const Range& range) {
            for (auto s = static_cast<size_t>(range.start); s < static_cast<size_t>(range.end); ++s) {
                const size_t begin = visited * s / stripes;
                faiss::SearchParametersIVF some;
                some.nprobe = visited * (s + 1) / stripes - begin;
                index_.search_preassigned(1, query, count, keys.data() + begin, distances.data() + begin,
                                          scores.data() + s * wanted, found.data() + s * wanted, false, &some);
            }
        });
        keepNearest(scores, wanted, found);
    }

    const int lists_;
    faiss::IndexFlatL2 quantizer_;
    faiss::IndexIVFFlat index_;
};

class HnswIndex final : public FaissIndex {
public:
    explicit HnswIndex(const GalleryRows& rows) : FaissIndex(rows), index_(count_, links) {
        index_.hnsw.efConstruction = effortToBuild;
        addAll(rows, index_);
    }

private:
    void search(const float* query, int count, double effort, std::vector<Label>& found) const override {
        // Faiss 1.7.3 ends a search according to efSearch of the parameters, but takes the queue's length from the
        // requested number of neighbours: set both to the queue's length.
        const int queue =
            static_cast<int>(std::clamp<double>(std::round(queueLength * effort), count, std::max(count, people_)));
        faiss::SearchParametersHNSW parameters;
        parameters.efSearch = queue;
        std::vector<float> scores(static_cast<size_t>(queue));
        found.resize(static_cast<size_t>(queue));
        const OmpThreads one(1);  // for one query, more threads would only wait
        index_.search(1, query, queue, scores.data(), found.data(), &parameters);
        keepNearest(scores, static_cast<size_t>(count), found);
    }

    faiss::IndexHNSWFlat index_;
};

}  // namespace

bool galleryIndexesBuilt() { return true; }

void checkIndexable(int length) {
    if (length > maxIndexedLength) {
        CV_Error(Error::StsNotImplemented,
                 format("type: there is no index for embeddings of %d values, expected at most "
                        "%d; INDEX_EXACT (0) searches without one",
                        length, maxIndexedLength));
    }
}

std::unique_ptr<const GalleryIndex> makeGalleryIndex(int type, const GalleryRows& rows) {
    if (rows.size() == 0) {
        return nullptr;
    }
    const OmpThreads threads(getNumThreads());
    try {
        if (type == Gallery::INDEX_IVF) {
            return std::make_unique<IvfIndex>(rows);
        }
        return std::make_unique<HnswIndex>(rows);
    } catch (const faiss::FaissException& error) {
        CV_Error(Error::StsError, std::string("the index cannot be built; Faiss: ") + error.what());
    }
}

}  // namespace drgan
}  // namespace cv

#else

namespace cv {
namespace drgan {

bool galleryIndexesBuilt() { return false; }

void checkIndexable(int) {
    CV_Error(Error::StsNotImplemented,
             "type: this build of cv::drgan has no Faiss, which makes the indexes; expected INDEX_EXACT (0)");
}

std::unique_ptr<const GalleryIndex> makeGalleryIndex(int, const GalleryRows& rows) {
    checkIndexable(rows.length());
    return nullptr;
}

}  // namespace drgan
}  // namespace cv

#endif
