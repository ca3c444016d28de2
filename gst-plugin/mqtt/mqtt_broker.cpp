// SPDX-License-Identifier: Apache-2.0
#include "mqtt_broker.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <system_error>

namespace drgan {
namespace {

constexpr int plainPort = 1883;
constexpr int tlsPort = 8883;
constexpr int lastPort = 65535;

[[noreturn]] void refuse(const std::string& address, const std::string& why) {
    throw std::invalid_argument("\"" + address + "\" is not an address of a broker: " + why +
                                "; expected mqtt://HOST[:PORT]/PREFIX or mqtts://HOST[:PORT]/PREFIX");
}

bool startsWith(const std::string& text, const std::string& start) { return text.compare(0, start.size(), start) == 0; }

// Wildcards and control characters may not be part of a topic that is published.
bool isTopic(const std::string& text) {
    return std::none_of(text.begin(), text.end(),
                        [](unsigned char c) { return c == '+' || c == '#' || c < 0x20 || c == 0x7f; });
}

int portOf(const std::string& address, const std::string& digits) {
    const bool numeric = !digits.empty() && digits.size() <= 5 &&
                         std::all_of(digits.begin(), digits.end(), [](char c) { return c >= '0' && c <= '9'; });
    const int port = numeric ? std::stoi(digits) : 0;
    if (port < 1 || port > lastPort) {
        refuse(address, "the port is \"" + digits + "\", not a number from 1 to 65535");
    }
    return port;
}

// "host", "host:port", "[IPv6]" or "[IPv6]:port"
void readHost(const std::string& address, std::string authority, MqttBroker& broker) {
    std::string port;
    bool hasPort = false;
    if (startsWith(authority, "[")) {
        const size_t end = authority.find(']');
        if (end == std::string::npos) {
            refuse(address, "the bracket of the host is not closed");
        }
        broker.host = authority.substr(1, end - 1);
        const std::string rest = authority.substr(end + 1);
        hasPort = startsWith(rest, ":");
        if (!rest.empty() && !hasPort) {
            refuse(address, "\"" + rest + "\" follows the host");
        }
        port = hasPort ? rest.substr(1) : "";
    } else {
        const size_t colon = authority.find(':');
        hasPort = colon != std::string::npos;
        broker.host = authority.substr(0, colon);
        port = hasPort ? authority.substr(colon + 1) : "";
    }
    if (broker.host.empty()) {
        refuse(address, "there is no host");
    }
    broker.port = hasPort ? portOf(address, port) : broker.tls ? tlsPort : plainPort;
}

void readCredentials(const std::string& file, MqttBroker& broker) {
    if (file.empty()) {
        const char* const user = std::getenv("DRGAN_MQTT_USER");
        const char* const password = std::getenv("DRGAN_MQTT_PASSWORD");
        broker.user = user != nullptr ? user : "";
        broker.password = password != nullptr ? password : "";
        return;
    }
    std::ifstream in(file);
    if (!in) {
        throw std::system_error(errno, std::generic_category(), file);
    }
    std::getline(in, broker.user);
    std::getline(in, broker.password);
    for (std::string* line : {&broker.user, &broker.password}) {
        if (!line->empty() && line->back() == '\r') {
            line->pop_back();
        }
    }
    if (broker.user.empty()) {
        throw std::invalid_argument(file +
                                    ": the first line is empty; expected the user, and the password in the second");
    }
}

void checkReadable(const std::string& file) {
    if (!file.empty() && !std::ifstream(file)) {
        throw std::system_error(errno, std::generic_category(), file);
    }
}

}  // namespace

std::string MqttBroker::name() const {
    const bool six = host.find(':') != std::string::npos;
    return (tls ? "mqtts://" : "mqtt://") + (six ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

MqttBroker mqttBroker(const MqttSettings& settings) {
    const std::string& address = settings.address;
    MqttBroker broker;
    broker.tls = startsWith(address, "mqtts://");
    if (!broker.tls && !startsWith(address, "mqtt://")) {
        refuse(address, "it begins with neither mqtt:// nor mqtts://");
    }
    const std::string rest = address.substr(address.find("//") + 2);
    if (rest.find('@') != std::string::npos) {
        // Not repeated in the message: it may hold a password.
        throw std::invalid_argument(
            "the address of the broker has a user or a password in it, which everybody can see who lists processes; "
            "put them into a file (mqtt-credentials) or into DRGAN_MQTT_USER and DRGAN_MQTT_PASSWORD");
    }
    const size_t slash = rest.find('/');
    readHost(address, rest.substr(0, slash), broker);
    broker.prefix = slash == std::string::npos ? "" : rest.substr(slash + 1);
    while (!broker.prefix.empty() && broker.prefix.back() == '/') {
        broker.prefix.pop_back();
    }
    if (broker.prefix.empty()) {
        refuse(address, "there is no prefix for the topics");
    }
    if (!isTopic(broker.prefix)) {
        refuse(address, "the prefix has a wildcard (+, #) or a control character in it");
    }
    if (settings.certificate.empty() != settings.key.empty()) {
        throw std::invalid_argument("a client's certificate and its key belong together; only one of them is set");
    }
    if (!broker.tls && !(settings.ca.empty() && settings.certificate.empty())) {
        throw std::invalid_argument("certificates are set, but " + broker.name() +
                                    " is not encrypted; expected an address with mqtts://");
    }
    for (const std::string* file : {&settings.ca, &settings.certificate, &settings.key}) {
        checkReadable(*file);
    }
    broker.ca = settings.ca;
    broker.certificate = settings.certificate;
    broker.key = settings.key;
    readCredentials(settings.credentials, broker);
    return broker;
}

void checkMqttSource(const std::string& source) {
    if (source.empty() || source.find('/') != std::string::npos || !isTopic(source)) {
        throw std::invalid_argument("the source \"" + source +
                                    "\" cannot be a level of a topic; expected a name without /, + and #");
    }
}

}  // namespace drgan
