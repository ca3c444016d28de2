// SPDX-License-Identifier: Apache-2.0
#ifndef GST_DRGAN_DELIVERY_H
#define GST_DRGAN_DELIVERY_H

#include <gst/gst.h>

#include <memory>
#include <mutex>
#include <string>

#include "gstsettings.h"
#include "mqtt/mqtt_publisher.hpp"

namespace drgan {

/// Sends the lines of results to the MQTT broker that the settings name, if they name one. What goes wrong on the way
/// is posted on the element's bus as a warning (RESOURCE/WRITE), once for each outage.
class Delivery {
public:
    /// @param element outlives the object
    explicit Delivery(GstElement* element) : element_(element) {}
    Delivery(const Delivery&) = delete;
    Delivery& operator=(const Delivery&) = delete;

    /// @throws std::exception for settings that cannot be used; a broker that is away is none of them
    void open(const Settings& settings, const std::string& source);
    bool isOpen() const { return publisher_ != nullptr; }
    /// Never waits.
    void send(std::string line);
    /// Waits up to two seconds until what was sent has arrived.
    void close();

    /// From any thread. After close(), those of the end.
    MqttPublisher::Counts counts() const;

private:
    GstElement* const element_;
    mutable std::mutex mutex_;                  // protects the next two, where another thread needs them
    std::shared_ptr<MqttPublisher> publisher_;  // null: closed
    MqttPublisher::Counts last_;
};

}  // namespace drgan

#endif
