// SPDX-License-Identifier: Apache-2.0
#ifndef DRGAN_MQTT_PUBLISHER_HPP
#define DRGAN_MQTT_PUBLISHER_HPP

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "mqtt_broker.hpp"

namespace drgan {

/// Publishes messages on PREFIX/SOURCE/track with QoS 1 (at least once), in their order, and says on the retained topic
/// PREFIX/SOURCE/online whether it is connected: `true`, or `false`, which the broker publishes itself (last will) when
/// the connection breaks.
///
/// publish() never waits: a thread does everything else. While the broker is away or slow, messages wait in a bounded
/// queue; when it is full, the oldest are dropped and counted. The thread connects again by itself, after pauses that
/// grow from half a second to ten.
class MqttPublisher {
public:
    struct Counts {
        std::uint64_t sent = 0;     ///< acknowledged by the broker
        std::uint64_t queued = 0;   ///< waiting, or sent and not acknowledged yet
        std::uint64_t dropped = 0;  ///< since the queue was full, the broker refused them, or it was away at the end
        bool connected = false;
    };
    /// What the thread has to tell. Called in the thread, one call at a time.
    struct Listener {
        std::function<void(const std::string&)> warning;
        std::function<void(const std::string&)> info;
    };

    /// Starts the thread; does not wait for the connection.
    /// @param bound number of messages that may wait, at least 1
    /// @throws std::invalid_argument for a source that is not a level of a topic, std::runtime_error if this build has
    /// no MQTT
    MqttPublisher(const MqttBroker& broker, const std::string& source, size_t bound, Listener listener);
    /// As close() without patience.
    ~MqttPublisher();
    MqttPublisher(const MqttPublisher&) = delete;
    MqttPublisher& operator=(const MqttPublisher&) = delete;

    /// From any thread.
    void publish(std::string payload);
    Counts counts() const;

    /// Sends what is queued, as long as the broker is there and the patience lasts, publishes `false` on the topic
    /// `online` and ends the thread. Messages that could not be sent are counted as dropped. Later calls do nothing.
    void close(std::chrono::milliseconds patience);

private:
    class Client;
    std::unique_ptr<Client> client_;
};

}  // namespace drgan

#endif
