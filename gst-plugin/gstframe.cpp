// SPDX-License-Identifier: Apache-2.0
#include "gstframe.h"

#include <opencv2/imgproc.hpp>

namespace drgan {
namespace {

cv::Mat plane(const GstVideoFrame& f, guint index, int width, int height, int type) {
    auto* data = GST_VIDEO_FRAME_PLANE_DATA(&f, index);
    return {height, width, type, data, static_cast<size_t>(GST_VIDEO_FRAME_PLANE_STRIDE(&f, index))};
}

template <PixelLayout layout, int type>
FrameView viewPacked(const GstVideoFrame& f, const YuvConversion& c) {
    return {layout, {plane(f, 0, GST_VIDEO_FRAME_WIDTH(&f), GST_VIDEO_FRAME_HEIGHT(&f), type)}, c};
}

FrameView viewI420(const GstVideoFrame& f, const YuvConversion& c) {
    const int w = GST_VIDEO_FRAME_WIDTH(&f);
    const int h = GST_VIDEO_FRAME_HEIGHT(&f);
    const int cw = (w + 1) / 2;
    const int ch = (h + 1) / 2;
    return {
        PixelLayout::i420, {plane(f, 0, w, h, CV_8UC1), plane(f, 1, cw, ch, CV_8UC1), plane(f, 2, cw, ch, CV_8UC1)}, c};
}

FrameView viewNv12(const GstVideoFrame& f, const YuvConversion& c) {
    const int w = GST_VIDEO_FRAME_WIDTH(&f);
    const int h = GST_VIDEO_FRAME_HEIGHT(&f);
    return {PixelLayout::nv12, {plane(f, 0, w, h, CV_8UC1), plane(f, 1, (w + 1) / 2, (h + 1) / 2, CV_8UC2)}, c};
}

}  // namespace

MakeView viewFunction(const GstVideoInfo& info) {
    switch (GST_VIDEO_INFO_FORMAT(&info)) {
        case GST_VIDEO_FORMAT_BGR:
            return viewPacked<PixelLayout::bgr, CV_8UC3>;
        case GST_VIDEO_FORMAT_BGRx:
        case GST_VIDEO_FORMAT_BGRA:
            return viewPacked<PixelLayout::bgrx, CV_8UC4>;
        case GST_VIDEO_FORMAT_RGB:
            return viewPacked<PixelLayout::rgb, CV_8UC3>;
        case GST_VIDEO_FORMAT_RGBx:
        case GST_VIDEO_FORMAT_RGBA:
            return viewPacked<PixelLayout::rgbx, CV_8UC4>;
        case GST_VIDEO_FORMAT_I420:
            return viewI420;
        case GST_VIDEO_FORMAT_NV12:
            return viewNv12;
        default:
            return nullptr;
    }
}

YuvConversion yuvConversion(const GstVideoInfo& info) {
    gdouble kr = 0.299;
    gdouble kb = 0.114;
    if (!gst_video_color_matrix_get_Kr_Kb(info.colorimetry.matrix, &kr, &kb)) {
        kr = 0.299;
        kb = 0.114;
    }
    return YuvConversion::create(kr, kb, info.colorimetry.range != GST_VIDEO_COLOR_RANGE_0_255);
}

namespace {

GstVideoInfo rgbInfo(cv::Size size) {
    GstVideoInfo info;
    gst_video_info_set_format(&info, GST_VIDEO_FORMAT_RGB, static_cast<guint>(size.width),
                              static_cast<guint>(size.height));
    return info;
}

}  // namespace

GstCaps* pictureCaps(cv::Size size) {
    const GstVideoInfo info = rgbInfo(size);
    return gst_video_info_to_caps(&info);
}

GstBuffer* makePicture(const cv::Mat& bgr) {
    const GstVideoInfo info = rgbInfo(bgr.size());
    GstBuffer* buffer = gst_buffer_new_allocate(nullptr, GST_VIDEO_INFO_SIZE(&info), nullptr);
    gst_buffer_memset(buffer, 0, 0, GST_VIDEO_INFO_SIZE(&info));  // rows may have padding
    GstMapInfo map;
    if (buffer == nullptr || !gst_buffer_map(buffer, &map, GST_MAP_WRITE)) {
        gst_clear_buffer(&buffer);
        return nullptr;
    }
    cv::Mat rgb(bgr.rows, bgr.cols, CV_8UC3, map.data, static_cast<size_t>(GST_VIDEO_INFO_PLANE_STRIDE(&info, 0)));
    cv::cvtColor(bgr, rgb, cv::COLOR_BGR2RGB);
    gst_buffer_unmap(buffer, &map);
    return buffer;
}

GstSample* makeSample(const cv::Mat& bgr) {
    GstBuffer* buffer = bgr.empty() ? nullptr : makePicture(bgr);
    if (buffer == nullptr) {
        return nullptr;
    }
    GstCaps* caps = pictureCaps(bgr.size());
    GstSample* sample = gst_sample_new(buffer, caps, nullptr, nullptr);
    gst_caps_unref(caps);
    gst_buffer_unref(buffer);
    return sample;
}

}  // namespace drgan
