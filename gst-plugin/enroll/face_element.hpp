// SPDX-License-Identifier: Apache-2.0
#ifndef DRGAN_ENROLL_FACE_ELEMENT_HPP
#define DRGAN_ENROLL_FACE_ELEMENT_HPP

#include <gst/gst.h>

#include <opencv2/core.hpp>
#include <string>
#include <vector>

#include "media.hpp"

namespace drgan::enroll {

/// A track as drganfrontalize told of it at its end.
struct Track {
    unsigned id = 0;
    cv::Rect box;                ///< where it was last, pixels
    int images = 0;              ///< pictures fused
    double totalConfidence = 0;  ///< sum of their confidences
    cv::Mat embedding;           ///< fused, 1xNf CV_32F
};

/// One drganfrontalize that sees frames as in a pipeline, one stream after the other, and loads its models once.
class FaceElement {
public:
    /// @param bundle, detector as the properties; empty: unset
    /// @throws std::runtime_error if there is no such element or it cannot start
    FaceElement(const std::string& bundle, const std::string& detector);
    ~FaceElement();
    FaceElement(const FaceElement&) = delete;
    FaceElement& operator=(const FaceElement&) = delete;

    /// What next() of Media shall give.
    GstCaps* formats() const { return formats_; }

    /// Shows it a picture, 8-bit BGR, as a frame.
    void show(const cv::Mat& picture, GstClockTime time);

    /// Shows it a frame. @param time of the frame, ns from the stream's beginning
    /// @throws std::runtime_error what the element said
    void show(GstSample* frame, GstClockTime time);

    /// Ends the stream. @return its tracks with at least one picture, by id
    std::vector<Track> finish();

    /// Messages of the element that nobody has read.
    bool hasMessages() const { return gst_bus_have_pending(bus_) != FALSE; }

private:
    void beginStream();
    void readMessages();
    void check(GstFlowReturn flow);

    GstElement* element_ = nullptr;
    GstPad* into_ = nullptr;
    GstPad* from_ = nullptr;
    GstBus* bus_ = nullptr;
    GstCaps* formats_ = nullptr;
    GstCaps* caps_ = nullptr;  // of the stream
    int streams_ = 0;
    std::vector<Track> tracks_;  // of the stream, that have ended
};

}  // namespace drgan::enroll

#endif
