// SPDX-License-Identifier: Apache-2.0
//
// Detecting faces, locating landmarks, aligning.
#include "perf_precomp.hpp"

namespace opencv_test {
namespace {

PERF_TEST(Faces, alignCrop) {
    const cv::Mat picture = models().faces.picture(1);
    cv::Mat rows, aligned;
    models().aligner->align(picture, std::vector<cv::Rect>{{158, 98, 164, 164}}, rows);
    const cv::drgan::Alignment alignment = models().encoder->alignment();
    TEST_CYCLE() { cv::drgan::alignCrop(picture, rows, aligned, alignment); }
    CV_Assert(aligned.size() == cv::Size(alignment.size, alignment.size));
    SANITY_CHECK_NOTHING();
}

struct AlignCase {
    int boxes, passes;
};

std::ostream& operator<<(std::ostream& out, const AlignCase& align) {
    return out << align.boxes << (align.boxes == 1 ? " box, " : " boxes, ") << align.passes
               << (align.passes == 1 ? " pass" : " passes");
}

typedef perf::TestBaseWithParam<AlignCase> Aligner;

PERF_TEST_P(Aligner, align,
            testing::Values(AlignCase{1, 1}, AlignCase{1, 2}, AlignCase{1, 3}, AlignCase{8, 1}, AlignCase{8, 2},
                            AlignCase{8, 3})) {
    Crowd crowd = crowdOf({640, 480});
    crowd.boxes.resize(static_cast<size_t>(GetParam().boxes));
    cv::Mat faces;
    TEST_CYCLE() { models().aligner->align(crowd.picture, crowd.boxes, faces, GetParam().passes); }
    double least = 0;
    cv::minMaxLoc(faces.col(14), &least);
    CV_CheckGT(least, 0.5, "the aligner sees no face in a box around one");
    SANITY_CHECK_NOTHING();
}

typedef perf::TestBaseWithParam<cv::Size> Detector;

PERF_TEST_P(Detector, detect, testing::Values(cv::Size(320, 240), cv::Size(640, 480), cv::Size(1920, 1080))) {
    const Crowd crowd = crowdOf(GetParam());
    cv::Mat faces;
    TEST_CYCLE() { models().detector->detect(crowd.picture, faces); }
    CV_CheckGE(faces.rows, 8, "the detector detects too few of eight faces");
    SANITY_CHECK_NOTHING();
}

}  // namespace
}  // namespace opencv_test
