// SPDX-License-Identifier: Apache-2.0
//
// What exact and indexed search have in common: candidates are selected in float and ranked in double.

#ifndef OPENCV_DRGAN_TOP_CANDIDATES_HPP
#define OPENCV_DRGAN_TOP_CANDIDATES_HPP

#include <algorithm>
#include <limits>

#include "gallery_people.hpp"

namespace cv {
namespace drgan {

struct Candidate {
    float similarity;  // from the matrix product, in float
    int person;
};

/// Collects the k candidates of the highest similarity, and all others that only rounding may have put below them.
class TopCandidates {
public:
    TopCandidates(int k, float margin) : k_(static_cast<size_t>(k)), margin_(margin), limit_(2 * k_ + 256) {}

    void offer(float similarity, int person) {
        if (similarity >= minimum_) {
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
        minimum_ = std::max(minimum_, last->similarity - margin_);
        kept_.erase(
            std::remove_if(kept_.begin(), kept_.end(), [this](const Candidate& c) { return c.similarity < minimum_; }),
            kept_.end());
        limit_ = std::max(limit_, 2 * kept_.size());  // many equal ones all stay
    }

    void merge(const TopCandidates& other) {
        for (const Candidate& c : other.kept_) {
            offer(c.similarity, c.person);
        }
    }

    const std::vector<Candidate>& kept() const { return kept_; }

private:
    size_t k_;
    float margin_;
    size_t limit_;
    float minimum_ = -std::numeric_limits<float>::infinity();
    std::vector<Candidate> kept_;
};

/// The error of a comparison of two dot products of unit vectors. Each is off by less than n + 2 half units in the last
/// place, in any order of summation. @param length n
inline float productMargin(int length) { return 2 * (length + 8) * std::numeric_limits<float>::epsilon() / 2; }

/// The queries as unit vectors.
Mat unitRows(const Mat& queries);

/// The k most similar of the candidates (at least k, all different), as searchExactly() returns them.
std::vector<GalleryMatch> rank(const GalleryPeople& people, const float* query, const std::vector<int>& candidates,
                               int k);

}  // namespace drgan
}  // namespace cv

#endif
