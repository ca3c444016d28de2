// SPDX-License-Identifier: Apache-2.0
#include "gststate.h"

#include "core/drawing/overlay.hpp"
#include "core/results/event_json.hpp"
#include "gstanalytics.h"

namespace drgan {
namespace {

// However late the frames are, inference gets one of them a second: a slow machine shows faces late, not never.
constexpr GstClockTime longestPause = GST_SECOND;

constexpr GstClockTime usualDuration = GST_SECOND / 25;  // where neither timestamps nor a framerate are given

Pipeline::Options coreOptions(const Settings& s, bool facesWanted) {
    Pipeline::Options o = s.core;
    o.frontals = s.display || s.pictures || facesWanted;
    return o;
}

// The overlay's font has ASCII alone. "Zizek" reads better than "?i?ek".
std::string inAscii(const std::string& name) {
    if (g_utf8_validate(name.c_str(), -1, nullptr) == FALSE) {
        return plainSpelling(name);
    }
    gchar* text = g_str_to_ascii(name.c_str(), "C");
    std::string out = text;
    g_free(text);
    return out;
}

}  // namespace

void ElementState::openResults(const Settings& s) {
    resultsFailed = false;
    if (!s.resultsLocation.empty()) {
        resultsFile.open(s.resultsLocation);
    }
}

void ElementState::start(Pipeline::Models models, const Settings& s, std::string bundleId) {
    if (s.threads > 0) {
        cv::setNumThreads(s.threads);
    }
    current_ = s;
    bundleId_ = std::move(bundleId);
    times_ = {};
    clock_ = 0;
    lastInference_ = GST_CLOCK_TIME_NONE;
    lateLogged = false;
    statistics.reset();
    decoderSide_ = models.decoder->imageSize();
    auto pipeline = std::make_unique<Pipeline>(std::move(models), coreOptions(s, faces.wanted()));
    const std::lock_guard<std::mutex> lock(mutex_);
    pipeline_ = std::move(pipeline);
    forgotten_.clear();
}

void ElementState::stop() {
    {
        const std::lock_guard<std::mutex> lock(mutex_);
        pipeline_.reset();
    }
    resultsFile.close();
    faces.stop();
    makeView_ = nullptr;
}

bool ElementState::setInfo(const GstVideoInfo& info) {
    makeView_ = viewFunction(info);
    conversion_ = yuvConversion(info);
    size_ = {GST_VIDEO_INFO_WIDTH(&info), GST_VIDEO_INFO_HEIGHT(&info)};
    const int n = GST_VIDEO_INFO_FPS_N(&info);
    const int d = GST_VIDEO_INFO_FPS_D(&info);
    frameDuration_ = n > 0 && d > 0 ? gst_util_uint64_scale_int(GST_SECOND, d, n) : GST_CLOCK_TIME_NONE;
    return makeView_ != nullptr;
}

FrameTimes ElementState::timesOf(const GstBuffer* buffer, const GstSegment& segment) const {
    FrameTimes t;
    t.timestamp = GST_BUFFER_TIMESTAMP(buffer);
    t.duration = GST_BUFFER_DURATION(buffer);
    if (segment.format == GST_FORMAT_TIME) {  // raw files come in bytes
        t.streamTime = gst_segment_to_stream_time(&segment, GST_FORMAT_TIME, t.timestamp);
        t.runningTime = gst_segment_to_running_time(&segment, GST_FORMAT_TIME, t.timestamp);
    }
    return t;
}

// Running time grows in reverse playback, too. Frames without any time follow each other at their rate.
Time ElementState::clockOf(const FrameTimes& t) {
    if (GST_CLOCK_TIME_IS_VALID(t.runningTime)) {
        clock_ = static_cast<Time>(t.runningTime);
    } else if (GST_CLOCK_TIME_IS_VALID(t.timestamp)) {
        clock_ = static_cast<Time>(t.timestamp);
    } else {
        clock_ += static_cast<Time>(GST_CLOCK_TIME_IS_VALID(frameDuration_) ? frameDuration_ : usualDuration);
    }
    return clock_;
}

Pipeline::Result ElementState::process(GstVideoFrame& frame, const GstSegment& segment, const Settings& s,
                                       GstClockTime earliestTime) {
    StageTimes whole;
    Pipeline::Result result;
    {
        const std::lock_guard<std::mutex> lock(mutex_);
        const StageTimer timer(whole, Stage::frame);
        result = processFrame(frame, segment, s, earliestTime);
        result.events.insert(result.events.begin(), forgotten_.begin(), forgotten_.end());
        forgotten_.clear();
    }
    auto& times = result.report.times;
    times[static_cast<size_t>(Stage::frame)] = whole[static_cast<size_t>(Stage::frame)];
    statistics.add(result.report);
    return result;
}

Pipeline::Result ElementState::processFrame(GstVideoFrame& frame, const GstSegment& segment, const Settings& s,
                                            GstClockTime earliestTime) {
    if (!pipeline_ || makeView_ == nullptr) {
        CV_Error(cv::Error::StsError, "a frame came before models and caps");
    }
    current_ = s;
    pipeline_->setOptions(coreOptions(s, faces.wanted()));
    times_ = timesOf(frame.buffer, segment);
    const Time now = clockOf(times_);

    const GstClockTime running = times_.runningTime;
    const bool late =
        GST_CLOCK_TIME_IS_VALID(earliestTime) && GST_CLOCK_TIME_IS_VALID(running) && running < earliestTime;
    const bool starved = !GST_CLOCK_TIME_IS_VALID(lastInference_) || running < lastInference_ ||
                         running - lastInference_ >= longestPause;
    const bool mayInfer = !late || starved;
    if (mayInfer) {
        lastInference_ = running;
    }

    FrameView view = makeView_(frame, conversion_);
    const GQuark type = g_quark_from_string(s.roiType.c_str());
    const Upstream upstream = readUpstream(frame.buffer, type, size_);
    Pipeline::Result result = pipeline_->process(view, now, upstream.faces, mayInfer);
    // Where upstream reports the faces, a track that it did not see is not ours to add.
    const auto isOurs = [&](const TrackInfo& t) { return t.slot >= 0 || upstream.faces.empty(); };
    for (const auto& t : result.tracks) {
        if (isOurs(t)) {
            writeRegion(frame.buffer, upstream, type, size_, t, s.embeddings, bundleId_);
        }
    }
    for (const auto& t : result.tracks) {
        if (isOurs(t)) {
            const Upstream::Source* source = upstream.of(t);
            writeAnalytics(frame.buffer, type, size_, t, source != nullptr ? source->object : std::nullopt,
                           s.embeddings, bundleId_);
        }
    }
    // `display` may have changed since the base class mapped the frame.
    if (s.display && !result.tracks.empty() && (frame.map[0].flags & GST_MAP_WRITE) != 0) {
        const StageTimer timer(result.report.times, Stage::draw);
        drawOverlay(view, result.tracks, inAscii);
    }
    return result;
}

std::vector<Event> ElementState::finish() {
    const std::lock_guard<std::mutex> lock(mutex_);
    std::vector<Event> events = std::exchange(forgotten_, {});
    if (pipeline_) {
        const auto ended = pipeline_->finish();
        events.insert(events.end(), ended.begin(), ended.end());
    }
    return events;
}

size_t ElementState::forget(int id) {
    const std::lock_guard<std::mutex> lock(mutex_);
    return pipeline_ ? pipeline_->forget(id, forgotten_) : 0;
}

GstStructure* ElementState::makeMessage(const Event& event) const {
    return drgan::makeMessage(event, times_, size_, current_.embeddings, current_.pictures);
}

std::string ElementState::makeLine(const Event& event) const {
    return toJson(event, times_, size_, current_.embeddings);
}

int ElementState::faceSide() const { return current_.faceSize > 0 ? current_.faceSize : decoderSide_; }

void ElementState::sendFaces(const std::vector<Event>& events) {
    if (faces.wanted()) {
        const GQuark type = g_quark_from_string(current_.roiType.c_str());
        for (const auto& e : events) {
            if (e.kind != Event::Kind::updated) {
                continue;
            }
            if (GstBuffer* face = makeFace(e, times_, faceSide(), type, current_.embeddings, bundleId_)) {
                faces.push(face, faceSide());
            }
        }
    }
    faces.advance(faceSide(), times_.timestamp);
}

void ElementState::followStream(GstEvent* event) {
    faces.follow(event, GST_EVENT_IS_SERIALIZED(event) ? faceSide() : 0);
}

}  // namespace drgan
