// SPDX-License-Identifier: Apache-2.0
#include "crossings.hpp"

#include <algorithm>

namespace drgan {
namespace {

constexpr float touch = 0.1F;     // IoU of two faces' boxes from which one may be taken for the other
constexpr double swapGain = 0.1;  // cosine: so much better must the other way round fit, for each comparison

const Track* find(const std::vector<Track>& tracks, int id) {
    const auto t = std::find_if(tracks.begin(), tracks.end(), [&](const Track& k) { return k.id == id; });
    return t == tracks.end() ? nullptr : &*t;
}

}  // namespace

void Crossings::update(const std::vector<Track>& tracks) {
    for (auto& m : meetings_) {
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
                std::find_if(meetings_.begin(), meetings_.end(), [&](const Meeting& m) { return m.ids == ids; });
            if (known != meetings_.end()) {
                known->touching = true;
            } else {
                meetings_.push_back({ids, true, std::nullopt});
            }
        }
    }
    meetings_.erase(std::remove_if(meetings_.begin(), meetings_.end(),
                                   [&](const Meeting& m) {
                                       const Track* a = find(tracks, m.ids.first);
                                       const Track* b = find(tracks, m.ids.second);
                                       return a == nullptr || b == nullptr || (a->hidden && b->hidden);
                                   }),
                    meetings_.end());
}

std::vector<Crossings::Pair> Crossings::takeDue(const std::vector<Track>& tracks, Time now, Time interval) {
    std::vector<Pair> out;
    for (size_t i = meetings_.size(); i-- > 0;) {
        Meeting& m = meetings_[i];
        const Track& a = *find(tracks, m.ids.first);
        const Track& b = *find(tracks, m.ids.second);
        if (!(a.hidden || a.fresh) || !(b.hidden || b.fresh)) {
            continue;
        }
        if (!a.hidden && !b.hidden && !m.touching) {
            out.push_back(m.ids);
            meetings_.erase(meetings_.begin() + static_cast<std::ptrdiff_t>(i));
        } else if (a.hidden != b.hidden && (!m.checked || now < *m.checked || now - *m.checked >= interval)) {
            out.push_back(m.ids);
            m.checked = now;
        }
    }
    return out;
}

bool Crossings::isOpen(int id, Time now) const {
    return std::any_of(meetings_.begin(), meetings_.end(), [&](const Meeting& m) {
        return (m.ids.first == id || m.ids.second == id) && (!m.checked || *m.checked != now);
    });
}

bool haveSwapped(const Likeness& l, double threshold) {
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
    compare(l.aToA, l.aToB);  // which template is a's face like?
    compare(l.bToB, l.bToA);
    if (comparisons == 0) {  // only one of them has a template: which face is like it?
        compare(l.aToA, l.bToA);
        compare(l.bToB, l.aToB);
    }
    return comparisons > 0 && gain >= comparisons * swapGain && best >= threshold;
}

}  // namespace drgan
