// SPDX-License-Identifier: Apache-2.0
#ifndef DRGAN_CORE_NAME_HOLDERS_HPP
#define DRGAN_CORE_NAME_HOLDERS_HPP

#include <map>
#include <string>
#include <vector>

namespace drgan {

/// Gives each name to one track of a frame only: a person cannot be in two places.
class NameHolders {
public:
    struct Claim {
        int track;
        std::string name;
        double similarity;  ///< cosine
    };

    /// Call once per frame. The claim with the greatest similarity gets the name; of equals, the older track's. A track
    /// keeps its name until it no longer claims it, or another claim is greater by `slack`.
    void update(const std::vector<Claim>& claims, double slack);

    bool has(int track, const std::string& name) const;
    /// Whether another track has the name.
    bool isOthers(int track, const std::string& name) const;

private:
    std::map<std::string, int> holders_;
};

}  // namespace drgan

#endif
