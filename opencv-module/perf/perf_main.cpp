// SPDX-License-Identifier: Apache-2.0
#include "perf_precomp.hpp"

#include <algorithm>
#include <cstdlib>

namespace opencv_test {

const Models& models() {
    const char* const folder = std::getenv("DRGAN_BUNDLE");
    if (folder == nullptr || *folder == '\0') {
        throw cvtest::SkipTestException("DRGAN_BUNDLE is not set: it names the folder of a trained bundle");
    }
    static const Models all = [folder] {
        Models m;
        m.bundle = cv::drgan::Bundle::load(folder);
        m.encoder = cv::drgan::Encoder::create(m.bundle.encoder);
        m.decoder = cv::drgan::Decoder::create(m.bundle.decoder, m.encoder);
        m.aligner = cv::drgan::Aligner::create(m.bundle.aligner, m.encoder);
        m.detector = cv::drgan::Detector::create(m.bundle.detector, m.encoder);
        return m;
    }();
    return all;
}

Crowd crowdOf(cv::Size size) {
    const int columns = 4, rows = 2;
    const int side = std::min(size.width / columns, size.height / rows) * 9 / 10;
    Crowd crowd;
    crowd.picture = cv::Mat(size, CV_8UC3, cv::Scalar(150, 140, 120));
    for (int i = 0; i < columns * rows; ++i) {
        const cv::Point at(size.width / columns * (i % columns), size.height / rows * (i / columns));
        models().faces.draw(crowd.picture, i, at, side);
        // what is drawn is an aligned crop: the face's box lies inside of it
        crowd.boxes.emplace_back(at.x + side / 8, at.y + side / 8, side * 3 / 4, side * 3 / 4);
    }
    return crowd;
}

std::vector<cv::Mat> alignedFaces(int n) {
    std::vector<cv::Mat> faces(static_cast<size_t>(n));
    for (int i = 0; i < n; ++i) {
        // in the middle of what picture() draws
        models().encoder->alignCrop(models().faces.picture(i), cv::Mat(cv::Vec4i(158, 98, 164, 164)),
                                    faces[static_cast<size_t>(i)]);
    }
    return faces;
}

}  // namespace opencv_test

CV_PERF_TEST_MAIN(drgan)
