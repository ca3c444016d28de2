// SPDX-License-Identifier: Apache-2.0
#ifndef DRGAN_CORE_NAME_HOLDERS_HPP
#define DRGAN_CORE_NAME_HOLDERS_HPP

#include <map>
#include <string>
#include <vector>

namespace drgan {

/// A person is in one place: of the tracks of a frame that the gallery takes for the same person, one has the name.
class NameHolders {
public:
    struct Claim {
        int track;
        std::string name;
        double similarity;  ///< cosine
    };

    /// Call once a frame. The most alike has the name; who has it keeps it until another one is more alike by `slack`
    /// or it claims it no more. Of equals, the older track.
    void update(const std::vector<Claim>& claims, double slack);

    bool has(int track, const std::string& name) const;

private:
    std::map<std::string, int> holders_;
};

}  // namespace drgan

#endif
