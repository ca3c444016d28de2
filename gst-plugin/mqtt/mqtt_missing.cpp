// SPDX-License-Identifier: Apache-2.0
//
// Instead of mqtt_publisher.cpp where libmosquitto is missing.
#include <stdexcept>

#include "mqtt_publisher.hpp"

namespace drgan {

class MqttPublisher::Client {};

MqttPublisher::MqttPublisher(const MqttBroker& broker, const std::string& /*source*/, size_t /*bound*/,
                             Listener /*listener*/) {
    throw std::runtime_error("nothing can be sent to " + broker.name() +
                             ": libmosquitto (Debian: libmosquitto-dev) was not found when this was built");
}
MqttPublisher::~MqttPublisher() = default;
void MqttPublisher::publish(std::string /*payload*/) {}
MqttPublisher::Counts MqttPublisher::counts() const { return {}; }
void MqttPublisher::close(std::chrono::milliseconds /*patience*/) {}

}  // namespace drgan
