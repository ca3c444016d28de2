// SPDX-License-Identifier: Apache-2.0
//
// What the searches of a gallery share: candidates, chosen in float, and their order, found in double.

#ifndef OPENCV_DRGAN_GALLERY_BEST_HPP
#define OPENCV_DRGAN_GALLERY_BEST_HPP

#include <algorithm>
#include <limits>

#include "gallery_people.hpp"

namespace cv {
namespace drgan {

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

/// A dot product of n floats of unit vectors is off by less than n + 2 half units in the last place, in any order of
/// summation; both sides of a comparison may be.
inline float productMargin(int length) { return 2 * (length + 8) * std::numeric_limits<float>::epsilon() / 2; }

/// Queries as unit vectors.
Mat unitRows(const Mat& queries);

/// The k most alike of the candidates (k or more of them, none twice), as searchExactly gives them.
std::vector<GalleryMatch> rank(const GalleryPeople& people, const float* query, const std::vector<int>& candidates,
                               int k);

}  // namespace drgan
}  // namespace cv

#endif
