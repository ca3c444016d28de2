// SPDX-License-Identifier: Apache-2.0
//
// The stored pictures of the people of a gallery, so that one can be removed again. Not thread-safe: GalleryImpl locks.

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
        std::string label;  ///< different for all pictures of a person
        FusedRow fused;     ///< its embedding
    };
    using List = std::vector<Picture>;  ///< in the order in which they were fused

    bool empty() const { return people_.empty(); }
    /// The pictures of a person; empty if none are stored.
    const List& of(const std::string& name) const;
    /// @return null if there is none of that label
    const Picture* find(const std::string& name, const std::string& label) const;

    /// @param picture its row must not be shared
    void add(const std::string& name, Picture picture) { people_[name].push_back(std::move(picture)); }
    void replace(const std::string& name, List pictures);
    void remove(const std::string& name) { replace(name, {}); }
    void rename(const std::string& from, const std::string& to);

    /// Checks that everybody is one of `people`, and that no more images are stored of a person than are fused.
    /// @return what is wrong, or empty
    std::string faultAgainst(const GalleryPeople& people) const;

    /// The section "PICS", see gallery_pictures.cpp. @return empty if there is nothing to write
    std::vector<uchar> write() const;
    /// @param embeddingSize Nf
    /// @return what is wrong with it, or empty
    std::string read(const std::vector<uchar>& content, int embeddingSize);

private:
    std::map<std::string, List> people_;  // only people with pictures
};

}  // namespace drgan
}  // namespace cv

#endif
