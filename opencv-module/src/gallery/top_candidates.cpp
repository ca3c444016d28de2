// SPDX-License-Identifier: Apache-2.0
#include "top_candidates.hpp"

#include <cmath>

namespace cv {
namespace drgan {

namespace {

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

}  // namespace

Mat unitRows(const Mat& queries) {
    Mat units(queries.size(), CV_32F);
    for (int q = 0; q < queries.rows; ++q) {
        // In double: the inverse of the smallest norms is not a float.
        const float* const query = queries.ptr<float>(q);
        const double norm = rowNorm(query, queries.cols);
        std::transform(query, query + queries.cols, units.ptr<float>(q),
                       [norm](float value) { return static_cast<float>(value / norm); });
    }
    return units;
}

std::vector<GalleryMatch> rank(const GalleryPeople& people, const float* query, const std::vector<int>& candidates,
                               int k) {
    std::vector<GalleryMatch> matches;
    matches.reserve(candidates.size());
    for (const int person : candidates) {
        matches.push_back({person, static_cast<float>(cosine(query, people.row(person), people.length()))});
    }
    std::partial_sort(
        matches.begin(), matches.begin() + k, matches.end(), [&](const GalleryMatch& a, const GalleryMatch& b) {
            return a.similarity != b.similarity ? a.similarity > b.similarity
                                                : *people.person(a.person).name < *people.person(b.person).name;
        });
    matches.resize(static_cast<size_t>(k));
    return matches;
}

}  // namespace drgan
}  // namespace cv
