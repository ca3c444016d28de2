// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <limits>

#include "gallery_people.hpp"

namespace cv {
namespace drgan {

namespace {

constexpr int maxQueriesAtOnce = 256;
constexpr int maxKeptAtOnce = 1 << 22;  // candidates of all queries together

struct Candidate {
    float similarity;  // by the matrix product, in float
    int person;
};

/// The k best of what it is shown, and all that may be as good as the last of them but for rounding.
class Best {
public:
    Best(int k, float margin) : k_(static_cast<size_t>(k)), margin_(margin), limit_(2 * k_ + 256) {}

    void offer(float similarity, int person) {
        if (similarity >= bar_) {
            kept_.push_back({similarity, person});
            if (kept_.size() >= limit_) {
                prune();
            }
        }
    }

    void prune() {
        if (kept_.size() <= k_) {
            return;
        }
        const auto last = kept_.begin() + static_cast<std::ptrdiff_t>(k_ - 1);
        std::nth_element(kept_.begin(), last, kept_.end(),
                         [](const Candidate& a, const Candidate& b) { return a.similarity > b.similarity; });
        bar_ = std::max(bar_, last->similarity - margin_);
        kept_.erase(
            std::remove_if(kept_.begin(), kept_.end(), [this](const Candidate& c) { return c.similarity < bar_; }),
            kept_.end());
        limit_ = std::max(limit_, 2 * kept_.size());  // where many are equal, they all stay
    }

    void take(const Best& other) {
        for (const Candidate& c : other.kept_) {
            offer(c.similarity, c.person);
        }
    }

    const std::vector<Candidate>& kept() const { return kept_; }

private:
    size_t k_;
    float margin_;
    size_t limit_;
    float bar_ = -std::numeric_limits<float>::infinity();
    std::vector<Candidate> kept_;
};

double cosine(const float* a, const float* b, int length) {
    double dot = 0, squareA = 0, squareB = 0;
    for (int i = 0; i < length; ++i) {
        const double x = a[i], y = b[i];
        dot += x * y;
        squareA += x * x;
        squareB += y * y;
    }
    return std::max(-1.0, std::min(1.0, dot / (std::sqrt(squareA) * std::sqrt(squareB))));
}

/// Shows the people of chunks [begin, end) to the bests of these queries.
/// @param units queries as unit vectors
void scan(const GalleryPeople& people, const Mat& units, int begin, int end, std::vector<Best>& bests) {
    Mat products;
    for (int c = begin; c < end; ++c) {
        const GalleryChunk& chunk = *people.chunks()[static_cast<size_t>(c)];
        const int first = c * people.chunkRows();
        const int count = std::min(people.chunkRows(), people.size() - first);
        const Mat rows = chunk.rows.rowRange(0, count);
        if (units.rows == 1) {
            gemm(units, rows, 1, noArray(), 0, products, GEMM_2_T);
        } else {
            // People first: cv::gemm leaves the work to LAPACK, where it has one, if its first matrix has many rows.
            gemm(rows, units, 1, noArray(), 0, products, GEMM_2_T);
        }
        const float* product = products.ptr<float>();  // person after person, either way
        for (int i = 0; i < count; ++i) {
            const float inverse = chunk.inverse[static_cast<size_t>(i)];
            for (Best& best : bests) {
                best.offer(*product++ * inverse, first + i);
            }
        }
    }
}

Mat unitRows(const Mat& queries) {
    Mat units(queries.size(), CV_32F);
    for (int q = 0; q < queries.rows; ++q) {
        // In double: what scales the smallest floats is no float.
        const float* const query = queries.ptr<float>(q);
        const double norm = rowNorm(query, queries.cols);
        std::transform(query, query + queries.cols, units.ptr<float>(q),
                       [norm](float value) { return static_cast<float>(value / norm); });
    }
    return units;
}

std::vector<GalleryMatch> rank(const GalleryPeople& people, const float* query, const Best& best, int k) {
    std::vector<GalleryMatch> matches;
    matches.reserve(best.kept().size());
    for (const Candidate& c : best.kept()) {
        matches.push_back({c.person, static_cast<float>(cosine(query, people.row(c.person), people.length()))});
    }
    std::partial_sort(
        matches.begin(), matches.begin() + k, matches.end(), [&](const GalleryMatch& a, const GalleryMatch& b) {
            return a.similarity != b.similarity ? a.similarity > b.similarity
                                                : *people.person(a.person).name < *people.person(b.person).name;
        });
    matches.resize(static_cast<size_t>(k));
    return matches;
}

}  // namespace

// The matrix product in float chooses the candidates, with a margin for its rounding; those are compared again in
// double. So the result is exact, and a person's similarity depends neither on its place among the rows nor on the
// other queries of the batch.
std::vector<std::vector<GalleryMatch>> searchExactly(const GalleryPeople& people, const Mat& queries, int k) {
    // A dot product of n floats of unit vectors is off by less than n + 2 half units in the last place, in any order of
    // summation; both sides of a comparison may be.
    const float margin = 2 * (people.length() + 8) * std::numeric_limits<float>::epsilon() / 2;
    const int chunks = static_cast<int>(people.chunks().size());
    const int stripes = std::clamp(getNumThreads(), 1, chunks);
    const int atOnce = std::clamp(maxKeptAtOnce / k, 1, maxQueriesAtOnce);
    std::vector<std::vector<GalleryMatch>> results;
    results.reserve(static_cast<size_t>(queries.rows));
    for (int begin = 0; begin < queries.rows; begin += atOnce) {
        const Mat block = queries.rowRange(begin, std::min(queries.rows, begin + atOnce));
        const Mat units = unitRows(block);
        std::vector<std::vector<Best>> bests(static_cast<size_t>(stripes),
                                             std::vector<Best>(static_cast<size_t>(block.rows), Best(k, margin)));
        parallel_for_(Range(0, stripes), [&](const Range& range) {
            for (int s = range.start; s < range.end; ++s) {
                scan(people, units, static_cast<int>(static_cast<int64_t>(chunks) * s / stripes),
                     static_cast<int>(static_cast<int64_t>(chunks) * (s + 1) / stripes), bests[static_cast<size_t>(s)]);
            }
        });
        for (int q = 0; q < block.rows; ++q) {
            Best& all = bests[0][static_cast<size_t>(q)];
            for (int s = 1; s < stripes; ++s) {
                all.take(bests[static_cast<size_t>(s)][static_cast<size_t>(q)]);
            }
            all.prune();
            results.push_back(rank(people, block.ptr<float>(q), all, k));
        }
    }
    return results;
}

}  // namespace drgan
}  // namespace cv
