// SPDX-License-Identifier: Apache-2.0
#include "embed_file.hpp"

#include <gst/video/video.h>

#include <algorithm>
#include <stdexcept>

#include "choose.hpp"
#include "media.hpp"
#include "picture_file.hpp"

namespace drgan::enroll {
namespace {

constexpr GstClockTime stillInterval = 40 * GST_MSECOND;
// Some faces are confirmed only when the element sees them a second time.
constexpr int stillSightings = 3;
// Maximum mean difference of the bytes of one picture from two decoders.
constexpr double sameBytes = 4;

/// videoflip's name for each of Exif's orientations.
const char* directionOf(int orientation) {
    static const char* const names[] = {"identity", "identity", "horiz", "180", "vert", "ul-lr", "90r", "ur-ll", "90l"};
    return names[orientation];
}

bool shows(GstSample* sample, const cv::Mat& picture) {
    GstCaps* caps = gst_caps_new_simple("video/x-raw", "format", G_TYPE_STRING, "BGR", nullptr);
    const SamplePtr bgr(gst_video_convert_sample(sample, caps, 5 * GST_SECOND, nullptr));
    gst_caps_unref(caps);
    GstVideoInfo info;
    GstVideoFrame frame;
    if (!bgr || gst_video_info_from_caps(&info, gst_sample_get_caps(bgr.get())) == FALSE ||
        info.width != picture.cols || info.height != picture.rows ||
        gst_video_frame_map(&frame, &info, gst_sample_get_buffer(bgr.get()), GST_MAP_READ) == FALSE) {
        return false;
    }
    const cv::Mat other(picture.size(), CV_8UC3, GST_VIDEO_FRAME_PLANE_DATA(&frame, 0),
                        static_cast<size_t>(GST_VIDEO_FRAME_PLANE_STRIDE(&frame, 0)));
    const double difference = cv::norm(other, picture, cv::NORM_L1) / static_cast<double>(3 * picture.total());
    gst_video_frame_unmap(&frame);
    return difference <= sameBytes;
}

/// The file as the element gets it in a pipeline; null if GStreamer cannot decode it, or not to the same picture as
/// OpenCV.
SamplePtr decodedForElement(const std::string& file, const enrolment::StillFace& face, const Embedders& embedders) {
    try {
        Media media(file, embedders.element.formats(), directionOf(face.orientation), embedders.patience);
        SamplePtr sample = media.next();
        return sample && shows(sample.get(), face.picture) ? std::move(sample) : nullptr;
    } catch (const std::runtime_error&) {
        return nullptr;
    }
}

FileResult embedStill(const enrolment::Source& source, const Embedders& embedders) {
    const enrolment::StillFace face = embedders.stills.read(source.file, true);
    const SamplePtr sample = decodedForElement(source.file, face, embedders);
    for (int i = 0; i < stillSightings; ++i) {
        const GstClockTime time = static_cast<GstClockTime>(i) * stillInterval;
        sample ? embedders.element.show(sample.get(), time) : embedders.element.show(face.picture, time);
    }
    FileResult result{{source.name, source.file, {face.embedding, face.confidence}, 1, source.picture}, face.note};
    double best = 0.3;
    for (const Track& track : embedders.element.finish()) {
        const double iou = 1 - cv::jaccardDistance(cv::Rect2f(track.box), face.box);
        if (iou > best) {
            best = iou;
            result.seen.piece = {track.embedding, track.totalConfidence};
            result.seen.images = track.images;
        }
    }
    return result;  // if the element does not detect the face, cv::drgan's embedding of it
}

FileResult embedVideo(const enrolment::Source& source, const Embedders& embedders) {
    Media media(source.file, embedders.element.formats(), "auto", embedders.patience);
    GstClockTime time = 0;
    bool any = false;
    while (const SamplePtr frame = media.next()) {
        const GstClockTime own = GST_BUFFER_PTS(gst_sample_get_buffer(frame.get()));
        time = GST_CLOCK_TIME_IS_VALID(own) ? own : any ? time + stillInterval : 0;
        any = true;
        embedders.element.show(frame.get(), time);
    }
    if (!any) {
        throw std::runtime_error("holds no picture");
    }
    const Choice choice = chooseTracks(embedders.element.finish(), embedders.match, embedders.threshold);
    FileResult result{{source.name, source.file, {}, 0, source.picture}, choice.reason};
    cv::drgan::Template fused;
    for (const Track& track : choice.tracks) {
        fused.add(track.embedding, static_cast<float>(track.totalConfidence));
        result.seen.piece.confidence += track.totalConfidence;
        result.seen.images += track.images;
    }
    if (choice.tracks.size() == 1) {
        result.seen.piece.embedding = choice.tracks[0].embedding;  // to the bit
    } else if (!choice.tracks.empty()) {
        fused.fused(result.seen.piece.embedding);
    }
    return result;
}

}  // namespace

FileResult embedFile(const enrolment::Source& source, const Embedders& embedders) {
    try {
        return enrolment::isPicture(source.file) ? embedStill(source, embedders) : embedVideo(source, embedders);
    } catch (const cv::Exception& e) {
        embedders.element.finish();  // drops the tracks of the incomplete video
        return {{source.name, source.file, {}, 0}, e.err.empty() ? e.what() : e.err};
    } catch (const std::exception& e) {
        embedders.element.finish();
        return {{source.name, source.file, {}, 0}, e.what()};
    }
}

}  // namespace drgan::enroll
