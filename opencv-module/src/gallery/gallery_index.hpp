// SPDX-License-Identifier: Apache-2.0
//
// Approximate search: an index proposes people, whose embeddings are then compared as in an exact search.

#ifndef OPENCV_DRGAN_GALLERY_INDEX_HPP
#define OPENCV_DRGAN_GALLERY_INDEX_HPP

#include "gallery_people.hpp"

namespace cv {
namespace drgan {

constexpr int maxIndexedMatches = 1000;  ///< a larger k is searched exactly
constexpr int maxIndexedLength = 2048;   ///< Nf; computing the principal axes of longer embeddings takes too long

/// Finds rows that are near a query, among those that it was built from. A row is identified by its label, 0 to
/// rows - 1. Thread-safe.
class GalleryIndex {
public:
    virtual ~GalleryIndex() = default;
    /// @param unit a unit vector
    /// @param count maximum number of labels
    /// @param effort as in Gallery::setSearchEffort
    /// @param labels at most `count`, in no order, all different
    virtual void findNearest(const float* unit, int count, double effort, std::vector<int>& labels) const = 0;
};

/// Maps the labels of an index to the numbers of people, which change when people are removed.
class IndexLabels {
public:
    IndexLabels() = default;
    explicit IndexLabels(int people);  ///< each person's label is the person's number

    /// @return the person's number; -1 if the person was changed or removed since
    int person(int label) const { return personOf_[static_cast<size_t>(label)]; }
    /// Numbers of the people who are not in the index.
    const std::vector<int>& outside() const { return outside_; }

    void reserve();  ///< allocates memory for one added() or changed(), so that it cannot fail
    void added();    ///< a person was appended
    void changed(int person);
    void removed(int person);  ///< the last person has this number now

private:
    void putOutside(int person);
    void takeFromOutside(int person);

    bool used_ = false;
    std::vector<int> labelOf_;   ///< of a person: the label, or ~position in outside_
    std::vector<int> personOf_;  ///< of a label
    std::vector<int> outside_;
};

bool galleryIndexesBuilt();
/// @throws cv::Exception (StsNotImplemented) if embeddings of this length cannot be indexed
void checkIndexable(int length);
/// @param type INDEX_IVF or INDEX_HNSW
/// @return null if there are no rows
std::unique_ptr<const GalleryIndex> makeGalleryIndex(int type, const GalleryRows& rows);

/// Like searchExactly(), but of the people in the index only those that it proposes are compared.
std::vector<std::vector<GalleryMatch>> searchWithIndex(const GalleryPeople& people, const GalleryIndex& index,
                                                       const IndexLabels& labels, const Mat& queries, int k,
                                                       double effort);

}  // namespace drgan
}  // namespace cv

#endif
