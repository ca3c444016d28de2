// SPDX-License-Identifier: Apache-2.0
#include "picture.hpp"

#include <opencv2/imgproc.hpp>

namespace cv {
namespace drgan {

Mat picture8u(InputArray picture, const char* name) {
    const Mat result = picture.getMat();
    const int channels = result.channels();
    if (result.empty() || result.dims != 2 || result.depth() != CV_8U ||
        (channels != 1 && channels != 3 && channels != 4)) {
        CV_Error(Error::StsBadArg,
                 format("%s: got %s, expected an 8-bit picture with 1 (grey), 3 (BGR) or 4 (BGRA) channels%s", name,
                        describe(result).c_str(), depthHint(result)));
    }
    return result;
}

Mat pictureBgr(InputArray picture, const char* name) {
    const Mat given = picture8u(picture, name);
    if (given.channels() == 3) {
        return given;
    }
    Mat bgr;
    cvtColor(given, bgr, given.channels() == 1 ? COLOR_GRAY2BGR : COLOR_BGRA2BGR);
    return bgr;
}

}  // namespace drgan
}  // namespace cv
