// SPDX-License-Identifier: Apache-2.0
//
// Approximate search: an index proposes people, whose rows are then compared as without one.

#ifndef OPENCV_DRGAN_GALLERY_INDEX_HPP
#define OPENCV_DRGAN_GALLERY_INDEX_HPP

#include "gallery_people.hpp"

namespace cv {
namespace drgan {

constexpr int maxIndexedMatches = 1000;  ///< more are searched exactly
constexpr int maxIndexedLength = 2048;   ///< Nf: the principal axes of longer ones take too long to find

/// Of the rows that it was made of, finds those near a query. They are called by their labels, 0 to rows - 1. For any
/// number of threads.
class GalleryIndex {
public:
    virtual ~GalleryIndex() = default;
    /// @param unit a unit vector
    /// @param count how many are wanted
    /// @param effort 1: as much as is usually needed
    /// @param labels at most `count`, in no order, none twice
    virtual void find(const float* unit, int count, double effort, std::vector<int>& labels) const = 0;
};

/// Who is where: labels of an index against the numbers of people, which change.
class GallerySlots {
public:
    GallerySlots() = default;
    explicit GallerySlots(int people);  ///< each person's label is their number

    /// @return the person's number; -1 for who has been changed or removed since
    int person(int label) const { return personOf_[static_cast<size_t>(label)]; }
    /// People without a label.
    const std::vector<int>& outside() const { return outside_; }

    void reserve();  ///< makes room for one added() or changed(), which cannot fail then
    void added();    ///< a person with the next number
    void changed(int person);
    void removed(int person);  ///< the last person has its number now

private:
    void putOutside(int person);
    void takeFromOutside(int person);

    bool used_ = false;
    std::vector<int> slotOf_;    ///< of a person: the label, or ~place in outside_
    std::vector<int> personOf_;  ///< of a label
    std::vector<int> outside_;
};

bool galleryIndexesBuilt();
/// @throws cv::Exception (StsNotImplemented) where there is no index for embeddings of this length
void checkIndexable(int length);
/// @param type INDEX_IVF or INDEX_HNSW
/// @return none for no rows
std::unique_ptr<const GalleryIndex> makeGalleryIndex(int type, const GalleryRows& rows);

/// As searchExactly, but of who is in the index only those are compared whom it proposes.
std::vector<std::vector<GalleryMatch>> searchWithIndex(const GalleryPeople& people, const GalleryIndex& index,
                                                       const GallerySlots& slots, const Mat& queries, int k,
                                                       double effort);

}  // namespace drgan
}  // namespace cv

#endif
