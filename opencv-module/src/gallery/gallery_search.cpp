// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "top_candidates.hpp"

namespace cv {
namespace drgan {

namespace {

constexpr int maxQueriesAtOnce = 256;
constexpr int maxKeptAtOnce = 1 << 22;  // candidates of all queries together

/// Compares the people of chunks [begin, end) with the queries.
/// @param units queries as unit vectors
void scan(const GalleryPeople& people, const Mat& units, int begin, int end, std::vector<TopCandidates>& tops) {
    Mat products;
    for (int c = begin; c < end; ++c) {
        const GalleryChunk& chunk = *people.chunks()[static_cast<size_t>(c)];
        const int first = c * people.chunkRows();
        const int count = std::min(people.chunkRows(), people.size() - first);
        const Mat rows = chunk.rows.rowRange(0, count);
        if (units.rows == 1) {
            gemm(units, rows, 1, noArray(), 0, products, GEMM_2_T);
        } else {
            // People first: cv::gemm uses LAPACK, if there is one, only if its first matrix has many rows.
            gemm(rows, units, 1, noArray(), 0, products, GEMM_2_T);
        }
        const float* product = products.ptr<float>();  // person after person in both cases
        for (int i = 0; i < count; ++i) {
            const float inverse = chunk.inverse[static_cast<size_t>(i)];
            for (TopCandidates& top : tops) {
                top.offer(*product++ * inverse, first + i);
            }
        }
    }
}

}  // namespace

// The matrix product in float selects the candidates, with a margin for its rounding; these are compared again in
// double. The result is therefore exact, and a person's similarity depends neither on the position of the row nor on
// the other queries of the batch.
std::vector<std::vector<GalleryMatch>> searchExactly(const GalleryPeople& people, const Mat& queries, int k) {
    const float margin = productMargin(people.length());
    const int chunks = static_cast<int>(people.chunks().size());
    const int stripes = std::clamp(getNumThreads(), 1, chunks);
    const int atOnce = std::clamp(maxKeptAtOnce / k, 1, maxQueriesAtOnce);
    std::vector<std::vector<GalleryMatch>> results;
    results.reserve(static_cast<size_t>(queries.rows));
    std::vector<int> candidates;
    for (int begin = 0; begin < queries.rows; begin += atOnce) {
        const Mat block = queries.rowRange(begin, std::min(queries.rows, begin + atOnce));
        const Mat units = unitRows(block);
        std::vector<std::vector<TopCandidates>> tops(
            static_cast<size_t>(stripes),
            std::vector<TopCandidates>(static_cast<size_t>(block.rows), TopCandidates(k, margin)));
        parallel_for_(Range(0, stripes), [&](const Range& range) {
            for (int s = range.start; s < range.end; ++s) {
                scan(people, units, static_cast<int>(static_cast<int64_t>(chunks) * s / stripes),
                     static_cast<int>(static_cast<int64_t>(chunks) * (s + 1) / stripes), tops[static_cast<size_t>(s)]);
            }
        });
        for (int q = 0; q < block.rows; ++q) {
            TopCandidates& all = tops[0][static_cast<size_t>(q)];
            for (int s = 1; s < stripes; ++s) {
                all.merge(tops[static_cast<size_t>(s)][static_cast<size_t>(q)]);
            }
            all.prune();
            candidates.clear();
            for (const Candidate& c : all.kept()) {
                candidates.push_back(c.person);
            }
            results.push_back(rank(people, block.ptr<float>(q), candidates, k));
        }
    }
    return results;
}

}  // namespace drgan
}  // namespace cv
