// SPDX-License-Identifier: Apache-2.0
#ifndef DRGAN_CORE_FRAME_VIEW_HPP
#define DRGAN_CORE_FRAME_VIEW_HPP

#include <array>
#include <opencv2/core.hpp>

namespace drgan {

enum class PixelLayout { bgr, bgrx, rgb, rgbx, i420, nv12 };

/// Conversion of 8-bit Y'CbCr to B'G'R' and back: out = m * (in, 1).
struct YuvConversion {
    cv::Matx34f toBgr;
    cv::Matx34f fromBgr;
    /// @param kr, kb luma weights of red and blue (BT.601: 0.299, 0.114)
    /// @param limited luma in 16..235 and chroma in 16..240, else 0..255
    static YuvConversion create(double kr, double kb, bool limited);
};

/// A view of a video frame in memory, whose planes have their own strides. Converts only the pixels that are read or
/// drawn. Does not own the memory.
class FrameView {
public:
    /// @param planes packed: one of CV_8UC3 or CV_8UC4; I420: Y, U, V as CV_8UC1; NV12: Y as CV_8UC1, UV as CV_8UC2.
    /// Chroma planes are (w+1)/2 x (h+1)/2.
    /// @param conversion used by I420 and NV12 only
    FrameView(PixelLayout layout, std::array<cv::Mat, 3> planes, const YuvConversion& conversion);

    cv::Size size() const { return planes_[0].size(); }
    cv::Rect bounds() const { return {cv::Point(), size()}; }

    /// The whole frame, if its layout is BGR or BGRx, which OpenCV functions take without conversion; else empty.
    cv::Mat direct() const;

    /// A region as BGR, scaled to `out`. The region must lie within bounds().
    cv::Mat bgr(const cv::Rect& region, cv::Size out) const;

    /// Fills `r`, extended to even coordinates and cut at the frame.
    void fill(const cv::Rect& r, const cv::Scalar& bgrColour);

    /// Copies an opaque BGR picture in with its upper left corner at `at`, both coordinates rounded down to even ones
    /// so that no chroma sample is shared with pixels outside. The part outside the frame is cut off.
    void blit(const cv::Mat& patch, cv::Point at);

private:
    cv::Mat planar(const cv::Rect& region, cv::Size out) const;

    PixelLayout layout_;
    std::array<cv::Mat, 3> planes_;
    YuvConversion conversion_;
};

}  // namespace drgan

#endif
