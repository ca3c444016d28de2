// SPDX-License-Identifier: Apache-2.0
#ifndef DRGAN_CORE_FRAME_VIEW_HPP
#define DRGAN_CORE_FRAME_VIEW_HPP

#include <array>
#include <opencv2/core.hpp>

namespace drgan {

enum class PixelLayout { bgr, bgrx, rgb, rgbx, i420, nv12 };

/// How Y'CbCr becomes B'G'R' and back, 8 bit: out = m * (in, 1).
struct YuvConversion {
    cv::Matx34f toBgr;
    cv::Matx34f fromBgr;
    /// @param kr, kb luma weights of red and blue (BT.601: 0.299, 0.114)
    /// @param limited luma in 16..235 and chroma in 16..240, else 0..255
    static YuvConversion create(double kr, double kb, bool limited);
};

/// Somebody else's frame in memory, planes with their own strides. Reads and draws only the pixels that are asked for;
/// holds no memory.
class FrameView {
public:
    /// @param planes packed: one of CV_8UC3 or CV_8UC4; I420: Y, U, V as CV_8UC1; NV12: Y as CV_8UC1, UV as CV_8UC2.
    /// Chroma planes are (w+1)/2 x (h+1)/2.
    /// @param conversion used by I420 and NV12 alone
    FrameView(PixelLayout layout, std::array<cv::Mat, 3> planes, const YuvConversion& conversion);

    cv::Size size() const { return planes_[0].size(); }
    cv::Rect bounds() const { return {cv::Point(), size()}; }

    /// The whole frame as a picture that OpenCV functions take as BGR or BGRA without any conversion; empty for layouts
    /// that need one.
    cv::Mat direct() const;

    /// A region as BGR, scaled to `out`. The region must lie within bounds().
    cv::Mat bgr(const cv::Rect& region, cv::Size out) const;

    /// Fills the even-aligned cover of `r`, as far as it lies in the frame.
    void fill(const cv::Rect& r, const cv::Scalar& bgrColour);

    /// Copies an opaque BGR picture in with its upper left corner at `at`, both coordinates rounded down to even ones
    /// so that no chroma sample is shared with pixels outside. What lies outside the frame is cut off.
    void blit(const cv::Mat& patch, cv::Point at);

private:
    cv::Mat planar(const cv::Rect& region, cv::Size out) const;

    PixelLayout layout_;
    std::array<cv::Mat, 3> planes_;
    YuvConversion conversion_;
};

}  // namespace drgan

#endif
