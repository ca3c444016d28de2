// SPDX-License-Identifier: Apache-2.0
#ifndef DRGAN_MQTT_BROKER_HPP
#define DRGAN_MQTT_BROKER_HPP

#include <string>

namespace drgan {

/// How to reach an MQTT broker, and below which topic to publish.
struct MqttBroker {
    bool tls = false;
    std::string host;
    int port = 1883;
    std::string prefix;       ///< of the topics, without a slash at the end
    std::string user;         ///< empty: none
    std::string password;     ///< may be empty
    std::string ca;           ///< PEM file of the authorities to trust; empty: the system's
    std::string certificate;  ///< PEM file of the client's certificate; empty: none
    std::string key;          ///< PEM file of its private key, not encrypted

    /// For messages: scheme, host and port.
    std::string name() const;
};

/// Where a broker's settings come from.
struct MqttSettings {
    std::string address;      ///< mqtt://HOST[:PORT]/PREFIX, or mqtts://; port 1883, or 8883
    std::string credentials;  ///< file with the user in its first line and the password in the second; empty: the
                              ///< environment variables DRGAN_MQTT_USER and DRGAN_MQTT_PASSWORD, if they are set
    std::string ca, certificate, key;  ///< files, see MqttBroker
};

/// Parses the address, and reads the credentials.
/// @throws std::invalid_argument naming what was found and what was expected, std::system_error for files
MqttBroker mqttBroker(const MqttSettings& settings);

/// @throws std::invalid_argument if the source cannot be a level of a topic
void checkMqttSource(const std::string& source);

}  // namespace drgan

#endif
