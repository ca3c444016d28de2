// SPDX-License-Identifier: Apache-2.0
#include "detect.hpp"

#include <algorithm>

#include "face_crop.hpp"

namespace drgan {

std::vector<Face> detect(cv::drgan::FaceFinder& finder, const FrameView& frame, int size, float minFaceSize) {
    const cv::Size full = frame.size();
    const double scale = std::min(1., static_cast<double>(size) / std::max(full.width, full.height));
    const cv::Size working(std::max(1, cvRound(full.width * scale)), std::max(1, cvRound(full.height * scale)));
    const cv::Point2f back(static_cast<float>(full.width) / working.width,
                           static_cast<float>(full.height) / working.height);
    const cv::Mat picture = working == full && frame.direct().channels() == 3 && !frame.direct().empty()
                                ? frame.direct()
                                : frame.bgr(frame.bounds(), working);
    cv::Mat rows;
    finder.find(picture, rows, minFaceSize / back.x);
    const Points origin = finder.measuresLandmarks() ? Points::measured : Points::nominal;
    std::vector<Face> faces;
    for (int i = 0; i < rows.rows; ++i) {
        faces.push_back(Face::fromRow(rows.ptr<float>(i), origin));
        faces.back().transform(back, {});
        if (alignable(faces.back())) {
            faces.back().yaw = cv::drgan::estimateYaw(faces.back().row());
        }
    }
    return faces;
}

}  // namespace drgan
