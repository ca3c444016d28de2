// SPDX-License-Identifier: Apache-2.0
#include "gstsession.h"

#include <utility>

#include "core/drawing/overlay.hpp"
#include "core/results/event_json.hpp"
#include "core/results/utc.hpp"
#include "gstanalytics.h"
#include "gstutc.h"

namespace drgan {
namespace {

// However late the frames are, inference gets one of them a second: a slow machine shows faces late, not never.
constexpr GstClockTime longestPause = GST_SECOND;

constexpr GstClockTime usualDuration = GST_SECOND / 25;  // where neither timestamps nor a framerate are given

Pipeline::Options coreOptions(const Settings& settings, bool facesWanted) {
    Pipeline::Options options = settings.core;
    options.frontals = settings.display || settings.pictures || facesWanted;
    return options;
}

// The overlay's font has ASCII only. "Zizek" reads better than "?i?ek".
std::string inAscii(const std::string& name) {
    if (g_utf8_validate(name.c_str(), -1, nullptr) == FALSE) {
        return plainSpelling(name);
    }
    gchar* text = g_str_to_ascii(name.c_str(), "C");
    std::string out = text;
    g_free(text);
    return out;
}

FrameTimes timesOf(GstElement* element, GstBuffer* buffer, const GstSegment& segment) {
    FrameTimes times;
    times.timestamp = GST_BUFFER_TIMESTAMP(buffer);
    times.duration = GST_BUFFER_DURATION(buffer);
    if (segment.format == GST_FORMAT_TIME) {  // raw files come in bytes
        times.streamTime = gst_segment_to_stream_time(&segment, GST_FORMAT_TIME, times.timestamp);
        times.runningTime = gst_segment_to_running_time(&segment, GST_FORMAT_TIME, times.timestamp);
    }
    times.utc = utcOf(element, buffer, times.runningTime);
    return times;
}

}  // namespace

Session::Session(GstElement* element, LoadedModels loaded, std::unique_ptr<LivingGallery> people,
                 std::unique_ptr<Visitors> visitors, const Settings& settings, bool facesWanted)
    : element_(element),
      bundleId_(std::move(loaded.bundleId)),
      people_(std::move(people)),
      visitors_(std::move(visitors)),
      started_(static_cast<std::uint64_t>(g_get_real_time()) * 1000),
      decoderSide_(loaded.models.decoder->imageSize()),
      pipeline_(std::move(loaded.models), coreOptions(settings, facesWanted)),
      galleryVersion_(0),
      settings_(settings) {
    pipeline_.setVisitors(visitors_.get());
}

bool Session::setFormat(const GstVideoInfo& info) {
    makeView_ = viewFunction(info);
    conversion_ = yuvConversion(info);
    size_ = {GST_VIDEO_INFO_WIDTH(&info), GST_VIDEO_INFO_HEIGHT(&info)};
    const int n = GST_VIDEO_INFO_FPS_N(&info);
    const int d = GST_VIDEO_INFO_FPS_D(&info);
    frameDuration_ = n > 0 && d > 0 ? gst_util_uint64_scale_int(GST_SECOND, d, n) : GST_CLOCK_TIME_NONE;
    return makeView_ != nullptr;
}

// Running time grows in reverse playback, too. Frames without any time follow each other at their rate.
Time Session::advanceClock() {
    if (GST_CLOCK_TIME_IS_VALID(times_.runningTime)) {
        clock_ = static_cast<Time>(times_.runningTime);
    } else if (GST_CLOCK_TIME_IS_VALID(times_.timestamp)) {
        clock_ = static_cast<Time>(times_.timestamp);
    } else {
        clock_ += static_cast<Time>(GST_CLOCK_TIME_IS_VALID(frameDuration_) ? frameDuration_ : usualDuration);
    }
    return clock_;
}

bool Session::mayInfer(GstClockTime earliest) {
    const GstClockTime running = times_.runningTime;
    const bool late = GST_CLOCK_TIME_IS_VALID(earliest) && GST_CLOCK_TIME_IS_VALID(running) && running < earliest;
    const bool starved = !GST_CLOCK_TIME_IS_VALID(lastInference_) || running < lastInference_ ||
                         running - lastInference_ >= longestPause;
    if (late && !starved) {
        return false;
    }
    lastInference_ = running;
    return true;
}

Pipeline::Result Session::process(GstVideoFrame& frame, const GstSegment& segment, const Settings& settings,
                                  bool facesWanted, GstClockTime earliest) {
    if (makeView_ == nullptr) {
        CV_Error(cv::Error::StsError, "a frame came before caps");
    }
    const std::lock_guard<std::mutex> lock(mutex_);
    settings_ = settings;
    StageTimes whole;
    Pipeline::Result result;
    {
        const StageTimer timer(whole, Stage::frame);
        result = processFrame(frame, segment, facesWanted, earliest);
    }
    auto& times = result.report.times;
    times[static_cast<size_t>(Stage::frame)] = whole[static_cast<size_t>(Stage::frame)];
    result.events.insert(result.events.begin(), forgotten_.begin(), forgotten_.end());
    forgotten_.clear();
    return result;
}

Pipeline::Result Session::processFrame(GstVideoFrame& frame, const GstSegment& segment, bool facesWanted,
                                       GstClockTime earliest) {
    const auto people = people_->current();
    if (people.version != std::exchange(galleryVersion_, people.version)) {
        pipeline_.setGallery(people.gallery);
    }
    if (visitors_) {
        visitors_->setLimits(settings_.visitorLimits);
    }
    pipeline_.setOptions(coreOptions(settings_, facesWanted));
    times_ = timesOf(element_, frame.buffer, segment);
    FrameView view = makeView_(frame, conversion_);
    const Upstream upstream = readUpstream(frame.buffer, g_quark_from_string(settings_.roiType.c_str()), size_);
    const Time now = advanceClock();
    Pipeline::Result result = pipeline_.process(view, now, upstream.faces, mayInfer(earliest));
    writeMetadata(frame.buffer, upstream, result.tracks);
    // `display` may have changed since the base class mapped the frame.
    if (settings_.display && !result.tracks.empty() && (frame.map[0].flags & GST_MAP_WRITE) != 0) {
        const StageTimer timer(result.report.times, Stage::draw);
        drawOverlay(view, result.tracks, inAscii);
    }
    return result;
}

void Session::writeMetadata(GstBuffer* buffer, const Upstream& upstream, const std::vector<TrackInfo>& tracks) const {
    const GQuark type = g_quark_from_string(settings_.roiType.c_str());
    // If upstream reports faces, tracks without a face from upstream are not written.
    const auto isWritten = [&](const TrackInfo& t) { return t.slot >= 0 || upstream.faces.empty(); };
    for (const auto& t : tracks) {
        if (isWritten(t)) {
            writeRegion(buffer, upstream, type, size_, t, settings_.embeddings, bundleId_);
        }
    }
    for (const auto& t : tracks) {
        if (isWritten(t)) {
            const Upstream::Source* source = upstream.of(t);
            writeAnalytics(buffer, type, size_, t, source != nullptr ? source->object : std::nullopt,
                           settings_.embeddings, bundleId_);
        }
    }
}

std::vector<Event> Session::endTracks() {
    const std::lock_guard<std::mutex> lock(mutex_);
    std::vector<Event> events = std::exchange(forgotten_, {});
    const auto ended = pipeline_.finish();
    events.insert(events.end(), ended.begin(), ended.end());
    return events;
}

size_t Session::forget(int id) {
    const std::lock_guard<std::mutex> lock(mutex_);
    return pipeline_.forget(id, forgotten_);
}

void Session::forgetVisitor(const std::string& visitor) {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (!pipeline_.forgetVisitor(visitor, forgotten_)) {
        CV_Error(cv::Error::StsObjectNotFound, "there is no visitor \"" + visitor + "\"");
    }
}

void Session::enroll(int track, const std::string& name) {
    GalleryChange change;
    change.kind = GalleryChange::Kind::enroll;
    change.name = name;
    {
        const std::lock_guard<std::mutex> lock(mutex_);
        const cv::drgan::Template* fused = pipeline_.fused(track);
        if (fused == nullptr) {
            CV_Error(cv::Error::StsObjectNotFound,
                     "there is no track " + std::to_string(track) + " with a picture that was encoded");
        }
        fused->fused(change.embedding);
        change.totalConfidence = fused->totalConfidence();
        change.images = fused->size();
        // The same for a track that is enrolled again, so that its pictures do not count twice.
        change.picture = origin().source + " " + utcText(started_) + " track " + std::to_string(track);
    }
    people_->change(change);
    const std::lock_guard<std::mutex> lock(mutex_);
    pipeline_.forgetVisitorOf(track);
}

Origin Session::origin() const { return {sourceOf(settings_, element_), bundleId_}; }

GstStructure* Session::makeMessage(const Event& event) const {
    return drgan::makeMessage(event, origin(), times_, size_, settings_.embeddings, settings_.pictures);
}

std::string Session::makeLine(const Event& event) const {
    return toJson(event, origin(), times_, size_, settings_.embeddings);
}

GstBuffer* Session::makeFace(const Event& event) const {
    return drgan::makeFace(event, times_, faceSide(), g_quark_from_string(settings_.roiType.c_str()),
                           settings_.embeddings, bundleId_);
}

int Session::faceSide() const { return settings_.faceSize > 0 ? settings_.faceSize : decoderSide_; }

}  // namespace drgan
