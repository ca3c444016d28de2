// SPDX-License-Identifier: Apache-2.0
//
// The pictures behind the people of a gallery, where they are kept: so that one can be taken out again. Not locked:
// GalleryImpl does that.

#ifndef OPENCV_DRGAN_GALLERY_PICTURES_HPP
#define OPENCV_DRGAN_GALLERY_PICTURES_HPP

#include <map>
#include <string>
#include <vector>

#include "gallery_people.hpp"

namespace cv {
namespace drgan {

class GalleryPictures {
public:
    struct Picture {
        std::string label;  ///< of one person's pictures no two have the same
        FusedRow fused;     ///< of a single picture: its embedding
    };
    using List = std::vector<Picture>;  ///< in the order in which they were fused

    bool empty() const { return people_.empty(); }
    /// Of a person; empty: none are kept.
    const List& of(const std::string& name) const;
    /// @return null: there is none of that label
    const Picture* find(const std::string& name, const std::string& label) const;

    /// @param picture whose row is its own
    void add(const std::string& name, Picture picture) { people_[name].push_back(std::move(picture)); }
    void replace(const std::string& name, List pictures);
    void remove(const std::string& name) { replace(name, {}); }
    void rename(const std::string& from, const std::string& to);

    /// All of a person's pictures are among those of `people`; of some people there may be more than are kept.
    /// @return what breaks that, empty if nothing does
    std::string faultAgainst(const GalleryPeople& people) const;

    /// The section "PICS", see the source. @return empty: there is nothing to write
    std::vector<uchar> write() const;
    /// @param embeddingSize Nf
    /// @return what is wrong with it, empty if nothing is
    std::string read(const std::vector<uchar>& content, int embeddingSize);

private:
    std::map<std::string, List> people_;  // nobody without pictures
};

}  // namespace drgan
}  // namespace cv

#endif
