// SPDX-License-Identifier: Apache-2.0
//
// The people of a gallery in memory. Not thread-safe: GalleryImpl locks.

#ifndef OPENCV_DRGAN_GALLERY_PEOPLE_HPP
#define OPENCV_DRGAN_GALLERY_PEOPLE_HPP

#include <atomic>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "../precomp.hpp"

namespace cv {
namespace drgan {

/// Range of the norms of embeddings in which no product of floats overflows or underflows.
constexpr double minEmbeddingNorm = 1e-15;
constexpr double maxEmbeddingNorm = 1e15;

/// The fused embedding of a person's pictures.
struct FusedRow {
    Mat row;           ///< 1xNf CV_32F, the confidence-weighted mean, not normalised
    double total = 0;  ///< sum of the confidences
    int images = 0;
};

/// Rows are stored in chunks, so that a gallery grows without copying them.
struct GalleryChunk {
    Mat rows;                     ///< CV_32F
    std::vector<float> inverse;   ///< 1 / norm of each row
    std::atomic<int> readers{0};  ///< number of snapshots that read it; if not 0, changes go into a copy
};

class GalleryPeople;

/// The rows at one moment, to be read without a lock while the gallery is changed. Cheap to construct and destroy.
class GalleryRows {
public:
    explicit GalleryRows(const GalleryPeople& people);
    ~GalleryRows();
    GalleryRows(const GalleryRows&) = delete;
    GalleryRows& operator=(const GalleryRows&) = delete;

    int size() const { return size_; }
    int length() const { return length_; }
    const float* row(int i) const;
    float inverse(int i) const;  ///< 1 / norm

private:
    std::vector<std::shared_ptr<GalleryChunk>> chunks_;
    const int chunkRows_, length_, size_;
};

/// The people at one moment.
class GallerySnapshot {
public:
    struct Person {
        std::string name;
        const float* row;
        double total;
        int images;
    };
    explicit GallerySnapshot(const GalleryPeople& people);

    std::vector<Person> people;  ///< in no order

private:
    const GalleryRows rows_;
};

class GalleryPeople {
public:
    struct Person {
        const std::string* name;  ///< the key in the index
        double total;
        int images;
    };

    explicit GalleryPeople(int length);

    int length() const { return length_; }
    int size() const { return static_cast<int>(people_.size()); }
    /// @return the person's number, which may change when another person is removed; -1 if there is none of that name
    int find(const std::string& name) const;
    const Person& person(int i) const { return people_[static_cast<size_t>(i)]; }
    const float* row(int i) const;
    float inverse(int i) const;  ///< 1 / norm of the row

    /// Fuses `added` into the person of that name; adds the person if there is none.
    /// @return the person's number
    /// @throws cv::Exception, with nothing changed, if sums overflow or the norm of the mean is out of range
    int add(const std::string& name, const FusedRow& added);
    bool remove(const std::string& name);
    /// Replaces the data of person i.
    void replace(int i, const FusedRow& fused);
    /// @param to a name that no person has
    void rename(int i, const std::string& to);
    void reserve(size_t people);

    int chunkRows() const { return chunkRows_; }
    const std::vector<std::shared_ptr<GalleryChunk>>& chunks() const { return chunks_; }

private:
    GalleryChunk& writable(int i);
    void write(int i, const float* row);
    void append(const std::string& name, const FusedRow& added);

    const int length_;
    const int chunkRows_;
    std::vector<std::shared_ptr<GalleryChunk>> chunks_;
    std::vector<Person> people_;
    std::unordered_map<std::string, int> index_;
};

/// Euclidean norm, in double.
double rowNorm(const float* row, int length);
/// @throws cv::Exception unless the norm is within minEmbeddingNorm..maxEmbeddingNorm. @param name names the embedding
/// in messages
void checkNorm(const float* row, int length, const char* name);

struct GalleryMatch {
    int person;
    float similarity;
};

/// The k most similar people for each query, the most similar first, equal ones sorted by name.
/// @param queries n x Nf CV_32F, finite, no row all zeros
/// @param k 1 to people.size()
std::vector<std::vector<GalleryMatch>> searchExactly(const GalleryPeople& people, const Mat& queries, int k);

}  // namespace drgan
}  // namespace cv

#endif
