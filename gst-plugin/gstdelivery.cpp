// SPDX-License-Identifier: Apache-2.0
#include "gstdelivery.h"

#include <utility>

namespace drgan {
namespace {

constexpr std::chrono::milliseconds patience{2000};

void post(GstElement* element, GstMessageType type, const std::string& text) {
    gst_element_message_full(element, type, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_WRITE, g_strdup(text.c_str()),
                             nullptr, __FILE__, GST_FUNCTION, __LINE__);
}

}  // namespace

void Delivery::open(const Settings& settings, const std::string& source) {
    close();
    std::shared_ptr<MqttPublisher> publisher;
    if (!settings.mqtt.address.empty()) {
        const MqttPublisher::Listener listener{
            [this](const std::string& text) { post(element_, GST_MESSAGE_WARNING, text); },
            [this](const std::string& text) { post(element_, GST_MESSAGE_INFO, text); }};
        publisher = std::make_shared<MqttPublisher>(mqttBroker(settings.mqtt), source,
                                                    static_cast<size_t>(settings.mqttQueue), listener);
    }
    const std::lock_guard<std::mutex> lock(mutex_);
    publisher_ = std::move(publisher);
    last_ = {};
}

void Delivery::send(std::string line) {
    if (publisher_) {
        publisher_->publish(std::move(line));
    }
}

void Delivery::close() {
    if (!publisher_) {
        return;
    }
    publisher_->close(patience);
    const std::lock_guard<std::mutex> lock(mutex_);
    last_ = publisher_->counts();
    publisher_.reset();
}

MqttPublisher::Counts Delivery::counts() const {
    std::unique_lock<std::mutex> lock(mutex_);
    const std::shared_ptr<MqttPublisher> publisher = publisher_;
    const MqttPublisher::Counts last = last_;
    lock.unlock();
    return publisher ? publisher->counts() : last;
}

}  // namespace drgan
