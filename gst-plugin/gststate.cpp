// SPDX-License-Identifier: Apache-2.0
#include "gststate.h"

#include <gst/base/gstbasetransform.h>

#include <utility>

namespace drgan {
namespace {

// Prometheus usually asks every 15 seconds.
constexpr std::chrono::milliseconds metricsInterval{5000};

}  // namespace

bool ElementState::setProperty(guint id, const GValue* value) {
    std::unique_lock<std::mutex> lock(mutex_);
    const bool known = drgan::setProperty(settings_, id, value);
    const std::string gallery = settings_.gallery;
    const std::shared_ptr<Session> session = session_;
    lock.unlock();
    if (id == PROP_GALLERY && session) {
        session->people().use(gallery);
    }
    return known;
}

bool ElementState::getProperty(guint id, GValue* value) const {
    if (id == PROP_STATS) {
        GstStructure* const stats = makeStats(statistics_.snapshot());
        if (!settings().mqtt.address.empty()) {
            addDelivery(stats, delivery_.counts());
        }
        g_value_take_boxed(value, stats);
        return true;
    }
    const std::lock_guard<std::mutex> lock(mutex_);
    return drgan::getProperty(settings_, id, value);
}

Settings ElementState::settings() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return settings_;
}

void ElementState::setEarliest(GstClockTime runningTime) {
    const std::lock_guard<std::mutex> lock(mutex_);
    earliest_ = runningTime;
}

size_t ElementState::forget(int id) {
    const auto session = this->session();
    return session ? session->forget(id) : 0;
}

void ElementState::forgetVisitor(const std::string& visitor) { startedSession()->forgetVisitor(visitor); }

std::shared_ptr<Session> ElementState::session() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return session_;
}

std::shared_ptr<Session> ElementState::startedSession() const {
    auto found = session();
    if (!found) {
        CV_Error(cv::Error::StsError, "the element is stopped: it has neither tracks nor a gallery");
    }
    return found;
}

void ElementState::enroll(int track, const std::string& name) { startedSession()->enroll(track, name); }

void ElementState::changeGallery(const GalleryChange& change) { startedSession()->people().change(change); }

size_t ElementState::unsavedChanges() const {
    const auto running = session();
    return running ? running->people().unsaved() : 0;
}

void ElementState::saveGallery() { startedSession()->people().save(); }

void ElementState::interrupt() {
    results_.interrupt();
    faces_.interrupt();
}

void ElementState::openResults(const Settings& settings) {
    resultsFailed_ = false;
    if (!settings.resultsLocation.empty()) {
        results_.open(settings.resultsLocation);
    }
}

void ElementState::openDelivery(const Settings& settings) { delivery_.open(settings, sourceOf(settings, element_)); }

void ElementState::openMetrics(const Settings& settings, const std::string& bundle) {
    if (settings.metricsLocation.empty()) {
        return;
    }
    statistics_.reset();
    messages_ = 0;
    metrics_ = std::make_unique<MetricsFile>(
        settings.metricsLocation, metricsInterval,
        [this, name = sourceOf(settings, element_), bundle, delivers = delivery_.isOpen()] {
            return toPrometheus(metrics(name, bundle, delivers));
        },
        [this](const std::string& why) {
            gst_element_message_full(element_, GST_MESSAGE_WARNING, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_WRITE,
                                     g_strdup_printf("Cannot write metrics: %s. Trying again", why.c_str()), nullptr,
                                     __FILE__, GST_FUNCTION, __LINE__);
        });
}

void ElementState::closeOutputs() {
    results_.close();
    delivery_.close();
    metrics_.reset();
}

Metrics ElementState::metrics(const std::string& source, const std::string& bundle, bool delivers) const {
    Metrics out;
    out.source = source;
    out.bundle = bundle;
    out.statistics = statistics_.snapshot();
    out.messages = messages_;
    if (delivers) {
        const MqttPublisher::Counts counts = delivery_.counts();
        out.delivery = {counts.sent, counts.queued, counts.dropped, counts.connected};
    }
    return out;
}

void ElementState::start(LoadedModels loaded, std::unique_ptr<LivingGallery> people, std::unique_ptr<Visitors> visitors,
                         const Settings& settings) {
    if (settings.threads > 0) {
        cv::setNumThreads(settings.threads);
    }
    statistics_.reset();
    messages_ = 0;
    auto session = std::make_shared<Session>(element_, std::move(loaded), std::move(people), std::move(visitors),
                                             settings, faces_.wanted());
    const std::lock_guard<std::mutex> lock(mutex_);
    if (settings_.gallery != settings.gallery) {  // set meanwhile
        session->people().use(settings_.gallery);
    }
    session_ = std::move(session);
    earliest_ = GST_CLOCK_TIME_NONE;
}

void ElementState::stop() {
    std::shared_ptr<Session> ended;
    {
        const std::lock_guard<std::mutex> lock(mutex_);
        ended.swap(session_);
    }
    ended.reset();  // without the lock: waits for a thread that may post messages
    closeOutputs();
    faces_.stop();
}

bool ElementState::setFormat(const GstVideoInfo& info) {
    const bool known = session_ && session_->setFormat(info);
    if (known) {
        advice_.seeFormat(element_, info);
    }
    return known;
}

void ElementState::follow(GstEvent* event) {
    switch (GST_EVENT_TYPE(event)) {
        case GST_EVENT_TAG:
            advice_.seeTags(element_, event, GST_BASE_TRANSFORM_SINK_PAD(element_));
            break;
        case GST_EVENT_STREAM_START:
            advice_.forget();
            setEarliest(GST_CLOCK_TIME_NONE);
            break;
        case GST_EVENT_FLUSH_STOP:
            setEarliest(GST_CLOCK_TIME_NONE);
            break;
        default:
            break;
    }
    faces_.follow(event, GST_EVENT_IS_SERIALIZED(event) ? faceSide() : 0);
}

Pipeline::Result ElementState::process(GstVideoFrame& frame, const GstSegment& segment) {
    if (!session_) {
        CV_Error(cv::Error::StsError, "a frame came before the start");
    }
    std::unique_lock<std::mutex> lock(mutex_);
    const Settings settings = settings_;
    const GstClockTime earliest = earliest_;
    lock.unlock();
    auto result = session_->process(frame, segment, settings, faces_.wanted(), earliest);
    statistics_.add(result.report);
    return result;
}

std::vector<Event> ElementState::endTracks() { return session_ ? session_->endTracks() : std::vector<Event>(); }

GstStructure* ElementState::makeMessage(const Event& event) const { return session_->makeMessage(event); }

int ElementState::writeResult(const Event& event) {
    ++messages_;
    if (!results_.isOpen() && !delivery_.isOpen()) {
        return 0;
    }
    const std::string line = session_->makeLine(event);
    delivery_.send(line);
    const int error = results_.isOpen() ? results_.append(line) : 0;
    return error != 0 && !std::exchange(resultsFailed_, true) ? error : 0;
}

int ElementState::faceSide() const { return session_ ? session_->faceSide() : 0; }

void ElementState::sendFaces(const std::vector<Event>& events) {
    if (faces_.wanted()) {
        for (const auto& event : events) {
            if (event.kind != Event::Kind::updated) {
                continue;
            }
            if (GstBuffer* face = session_->makeFace(event)) {
                faces_.push(face, faceSide());
            }
        }
    }
    faces_.advance(faceSide(), session_->timestamp());
}

}  // namespace drgan
