// SPDX-License-Identifier: Apache-2.0
#include "occlusions.hpp"

#include <algorithm>

namespace drgan {
namespace {

constexpr float touch = 0.1F;     // minimum IoU of two faces that may be confused
constexpr double swapGain = 0.1;  // cosine; minimum gain of swapped over unswapped, per comparison

const Track* find(const std::vector<Track>& tracks, int id) {
    const auto t = std::find_if(tracks.begin(), tracks.end(), [&](const Track& k) { return k.id == id; });
    return t == tracks.end() ? nullptr : &*t;
}

}  // namespace

void Occlusions::update(const std::vector<Track>& tracks) {
    for (auto& m : occlusions_) {
        m.touching = false;
    }
    for (size_t i = 0; i < tracks.size(); ++i) {
        for (size_t k = 0; k < i; ++k) {
            const Track& a = tracks[k];
            const Track& b = tracks[i];
            const auto counts = [](const Track& t) { return t.confirmed && (!t.hidden || t.misses == 1); };
            if (!counts(a) || !counts(b) || (a.hidden && b.hidden) || iou(a.face.box, b.face.box) < touch) {
                continue;
            }
            const Pair ids = std::minmax(a.id, b.id);
            const auto known =
                std::find_if(occlusions_.begin(), occlusions_.end(), [&](const Occlusion& m) { return m.ids == ids; });
            if (known != occlusions_.end()) {
                known->touching = true;
            } else {
                occlusions_.push_back({ids, true, std::nullopt});
            }
        }
    }
    occlusions_.erase(std::remove_if(occlusions_.begin(), occlusions_.end(),
                                     [&](const Occlusion& m) {
                                         const Track* a = find(tracks, m.ids.first);
                                         const Track* b = find(tracks, m.ids.second);
                                         return a == nullptr || b == nullptr || (a->hidden && b->hidden);
                                     }),
                      occlusions_.end());
}

std::vector<Occlusions::Pair> Occlusions::takeResolvable(const std::vector<Track>& tracks, Time now, Time interval) {
    std::vector<Pair> out;
    for (size_t i = occlusions_.size(); i-- > 0;) {
        Occlusion& m = occlusions_[i];
        const Track& a = *find(tracks, m.ids.first);
        const Track& b = *find(tracks, m.ids.second);
        if (!(a.hidden || a.fresh) || !(b.hidden || b.fresh)) {
            continue;
        }
        if (!a.hidden && !b.hidden && !m.touching) {
            out.push_back(m.ids);
            occlusions_.erase(occlusions_.begin() + static_cast<std::ptrdiff_t>(i));
        } else if (a.hidden != b.hidden && (!m.checked || now < *m.checked || now - *m.checked >= interval)) {
            out.push_back(m.ids);
            m.checked = now;
        }
    }
    return out;
}

bool Occlusions::isUnresolved(int id, Time now) const {
    return std::any_of(occlusions_.begin(), occlusions_.end(), [&](const Occlusion& m) {
        return (m.ids.first == id || m.ids.second == id) && (!m.checked || *m.checked != now);
    });
}

bool isIdSwitch(const PairSimilarity& l, double threshold) {
    double gain = 0;
    int comparisons = 0;
    double best = -1;
    const auto compare = [&](const std::optional<double>& own, const std::optional<double>& other) {
        if (own && other) {
            gain += *other - *own;
            best = std::max(best, *other);
            ++comparisons;
        }
    };
    compare(l.aToA, l.aToB);  // which template is more similar to a's face?
    compare(l.bToB, l.bToA);
    if (comparisons == 0) {  // only one of them has a template: which face is more similar?
        compare(l.aToA, l.bToA);
        compare(l.bToB, l.aToB);
    }
    return comparisons > 0 && gain >= comparisons * swapGain && best >= threshold;
}

}  // namespace drgan
