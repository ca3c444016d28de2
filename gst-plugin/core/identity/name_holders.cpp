// SPDX-License-Identifier: Apache-2.0
#include "name_holders.hpp"

#include <utility>

namespace drgan {

void NameHolders::update(const std::vector<Claim>& claims, double slack) {
    std::map<std::string, std::pair<double, int>> best;  // similarity, track
    for (const auto& c : claims) {
        const double similarity = c.similarity + (has(c.track, c.name) ? slack : 0);
        const auto [known, isNew] = best.try_emplace(c.name, similarity, c.track);
        auto& b = known->second;
        if (!isNew && (similarity > b.first || (similarity == b.first && c.track < b.second))) {
            b = {similarity, c.track};
        }
    }
    holders_.clear();
    for (const auto& [name, b] : best) {
        holders_[name] = b.second;
    }
}

bool NameHolders::has(int track, const std::string& name) const {
    const auto holder = holders_.find(name);
    return holder != holders_.end() && holder->second == track;
}

bool NameHolders::isOthers(int track, const std::string& name) const {
    const auto holder = holders_.find(name);
    return holder != holders_.end() && holder->second != track;
}

}  // namespace drgan
