// SPDX-License-Identifier: Apache-2.0
#include "fitting.hpp"

#include <algorithm>
#include <numeric>
#include <opencv2/drgan.hpp>

namespace drgan::enrolment {
namespace {

/// The piece that is similar to most others; of several, the one with the largest sum of cosines.
size_t medoid(const std::vector<Piece>& pieces, const Match& match, double threshold) {
    size_t best = 0;
    std::pair<int, double> most(-1, 0);
    for (size_t i = 0; i < pieces.size(); ++i) {
        std::pair<int, double> alike(0, 0);
        for (size_t k = 0; k < pieces.size(); ++k) {
            const double likeness = k == i ? 1 : match(pieces[i].embedding, pieces[k].embedding);
            alike.first += likeness >= threshold;
            alike.second += likeness;
        }
        if (alike > most) {
            most = alike;
            best = i;
        }
    }
    return best;
}

/// The mean of the pieces that fit and the known embedding. @param but a piece that is left out
/// @return empty if there are none
cv::Mat fused(const std::vector<Piece>& pieces, const std::vector<bool>& fits, const Piece& known, size_t but) {
    cv::drgan::Template mean;
    if (!known.embedding.empty()) {
        mean.add(known.embedding, static_cast<float>(known.confidence));
    }
    for (size_t i = 0; i < pieces.size(); ++i) {
        if (fits[i] && i != but) {
            mean.add(pieces[i].embedding, static_cast<float>(pieces[i].confidence));
        }
    }
    cv::Mat out;
    if (mean.size() > 0) {
        mean.fused(out);
    }
    return out;
}

Fit grow(const std::vector<Piece>& pieces, std::vector<bool> fits, const Match& match, double threshold,
         const Piece& known) {
    const size_t none = pieces.size();
    for (bool more = true; more;) {
        more = false;
        const cv::Mat mean = fused(pieces, fits, known, none);
        for (size_t i = 0; i < pieces.size() && !mean.empty(); ++i) {
            if (!fits[i] && match(pieces[i].embedding, mean) >= threshold) {
                fits[i] = more = true;
            }
        }
    }
    // Pieces that were added early were compared with few others: those that are unlike the rest now are removed, the
    // least similar first.
    Fit out;
    for (;;) {
        out.likeness.clear();
        size_t least = none;
        for (size_t i = 0; i < pieces.size(); ++i) {
            const cv::Mat others = fused(pieces, fits, known, i);
            out.likeness.push_back(others.empty() ? 1 : match(pieces[i].embedding, others));
            if (fits[i] && out.likeness[i] < threshold && (least == none || out.likeness[i] < out.likeness[least])) {
                least = i;
            }
        }
        if (least == none) {
            break;
        }
        fits[least] = false;
    }
    out.count = static_cast<size_t>(std::count(fits.begin(), fits.end(), true));
    out.fits = std::move(fits);
    return out;
}

}  // namespace

Fit fitting(const std::vector<Piece>& pieces, const Match& match, double threshold, const Piece& known) {
    std::vector<bool> fits(pieces.size());
    const bool isKnown = !known.embedding.empty();
    if (!isKnown && !pieces.empty()) {
        fits[medoid(pieces, match, threshold)] = true;
    }
    Fit out = grow(pieces, std::move(fits), match, threshold, known);
    if (!isKnown && 2 * out.count <= pieces.size()) {
        out.fits.assign(pieces.size(), false);
        out.count = 0;
    }
    return out;
}

Fit fittingStrongest(const std::vector<Piece>& pieces, const Match& match, double threshold) {
    std::vector<bool> fits(pieces.size());
    if (!pieces.empty()) {
        const auto strongest = std::max_element(
            pieces.begin(), pieces.end(), [](const Piece& a, const Piece& b) { return a.confidence < b.confidence; });
        fits[static_cast<size_t>(strongest - pieces.begin())] = true;
    }
    return grow(pieces, std::move(fits), match, threshold, {});
}

}  // namespace drgan::enrolment
