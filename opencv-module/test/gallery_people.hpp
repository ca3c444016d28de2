// SPDX-License-Identifier: Apache-2.0
//
// People for the tests of galleries.

#ifndef DRGAN_TESTS_OPENCV_MODULE_GALLERY_PEOPLE_HPP
#define DRGAN_TESTS_OPENCV_MODULE_GALLERY_PEOPLE_HPP

#include <opencv2/drgan.hpp>
#include <string>
#include <vector>

namespace drgan_test {

/// n x length values, normally distributed, the same for the same seed.
inline cv::Mat randomRows(int n, int length, unsigned seed) {
    cv::Mat rows(n, length, CV_32F);
    cv::RNG random(seed);
    random.fill(rows, cv::RNG::NORMAL, 0, 1);
    return rows;
}

/// "person 00042"
inline std::string personName(int i) { return cv::format("person %05d", i); }

/// Person i has row i.
inline cv::Ptr<cv::drgan::Gallery> galleryOf(const cv::Mat& rows, const std::string& bundleId = "tiny") {
    const auto gallery = cv::drgan::Gallery::createEmpty(rows.cols, bundleId);
    for (int i = 0; i < rows.rows; ++i) {
        gallery->add(personName(i), rows.row(i), 0.5f);
    }
    return gallery;
}

struct KnownPerson {
    cv::Mat embedding;
    double totalConfidence = -1;
    int images = -1;
};

inline KnownPerson personOf(const cv::drgan::Gallery& gallery, const std::string& name) {
    KnownPerson known;
    gallery.person(name, known.embedding, known.totalConfidence, known.images);
    return known;
}

struct Found {
    std::vector<cv::String> names;
    cv::Mat similarities;
};

inline Found search(const cv::drgan::Gallery& gallery, const cv::Mat& embeddings, int k) {
    Found found;
    gallery.search(embeddings, k, found.names, found.similarities);
    return found;
}

/// Computed in double.
inline double cosine(const cv::Mat& a, const cv::Mat& b) {
    cv::Mat x, y;
    a.convertTo(x, CV_64F);
    b.convertTo(y, CV_64F);
    return x.dot(y) / (cv::norm(x) * cv::norm(y));
}

/// Whether both have the same people with the same bits.
inline bool sameContent(const cv::drgan::Gallery& a, const cv::drgan::Gallery& b) {
    if (a.names() != b.names() || a.embeddingSize() != b.embeddingSize() || a.bundleId() != b.bundleId()) {
        return false;
    }
    for (const std::string& name : a.names()) {
        const KnownPerson x = personOf(a, name), y = personOf(b, name);
        if (x.images != y.images || x.totalConfidence != y.totalConfidence ||
            cv::norm(x.embedding, y.embedding, cv::NORM_INF) != 0) {
            return false;
        }
    }
    return true;
}

}  // namespace drgan_test

#endif
