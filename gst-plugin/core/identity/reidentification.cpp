// SPDX-License-Identifier: Apache-2.0
#include "reidentification.hpp"

namespace drgan {
int reidentify(const std::vector<Track>& tracks, const std::map<int, Identity>& identities, const Track& fresh,
               const Picture& picture, int excluded, double needed, const Similarity& similarity) {
    int found = -1;
    double best = 0;
    for (const auto& t : tracks) {
        const auto known = identities.find(t.id);
        if (!t.hidden || t.id == fresh.id || t.id == excluded || !t.confirmed || known == identities.end()) {
            continue;
        }
        const Identity& identity = known->second;
        if (identity.fused.size() == 0) {
            continue;
        }
        const double cosine = identity.continuity.similarityTo(picture, identity.fused, similarity);
        if (cosine >= needed && (found < 0 || cosine > best)) {
            found = t.id;
            best = cosine;
        }
    }
    return found;
}

}  // namespace drgan
