// SPDX-License-Identifier: Apache-2.0
#include "access.hpp"

#include <gio/gio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <memory>
#include <stdexcept>
#include <utility>

namespace drgan::people {
namespace {

/// Takes as long wherever the texts differ.
bool sameSecret(const std::string& expected, const std::string& given) {
    unsigned different = expected.size() == given.size() ? 0 : 1;
    for (size_t i = 0; i < given.size(); ++i) {
        different |= static_cast<unsigned char>(expected[i % expected.size()]) ^ static_cast<unsigned char>(given[i]);
    }
    return different == 0;
}

/// The host of HOST[:PORT] or [ADDRESS]:PORT, in lower case, without brackets.
std::string hostOf(const std::string& authority) {
    std::string host = authority.substr(0, authority.find(':', authority.rfind(']') + 1));
    if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
        host = host.substr(1, host.size() - 2);
    }
    std::transform(host.begin(), host.end(), host.begin(), [](char c) { return g_ascii_tolower(c); });
    return host;
}

std::string cookieValue(const std::string& header, const std::string& name) {
    for (size_t at = 0; at < header.size();) {
        const size_t end = std::min(header.find(';', at), header.size());
        at = std::min(header.find_first_not_of(' ', at), end);
        const std::string pair = header.substr(at, end - at);
        if (pair.rfind(name + "=", 0) == 0) {
            return pair.substr(name.size() + 1);
        }
        at = end + 1;
    }
    return {};
}

/// The source expression that allows exactly the content of this element.
std::string hashOf(const std::string& page, const std::string& element) {
    const std::string begin = "<" + element + ">";
    const size_t from = page.find(begin);
    const size_t to = page.find("</" + element + ">", from);
    if (from == std::string::npos || to == std::string::npos) {
        throw std::invalid_argument("the page has no " + begin);
    }
    const std::string content = page.substr(from + begin.size(), to - from - begin.size());
    const std::unique_ptr<GChecksum, decltype(&g_checksum_free)> sum(g_checksum_new(G_CHECKSUM_SHA256),
                                                                     g_checksum_free);
    g_checksum_update(sum.get(), reinterpret_cast<const guchar*>(content.data()), static_cast<gssize>(content.size()));
    std::array<guint8, 32> digest{};
    gsize size = digest.size();
    g_checksum_get_digest(sum.get(), digest.data(), &size);
    const std::unique_ptr<gchar, decltype(&g_free)> base64(g_base64_encode(digest.data(), size), g_free);
    return std::string("'sha256-") + base64.get() + "'";
}

}  // namespace

Access::Access(std::string token, std::string cookieName, std::vector<std::string> hosts)
    : token_(std::move(token)), cookieName_(std::move(cookieName)), hosts_(std::move(hosts)) {
    if (token_.empty()) {
        throw std::invalid_argument("the token is empty");
    }
}

// A page of somebody else can make its own name lead here (DNS rebinding), but then its name stands in Host.
bool Access::isOurs(const std::string& host) const {
    const std::string name = hostOf(host);
    return name == "localhost" || g_hostname_is_ip_address(name.c_str()) != FALSE ||
           std::any_of(hosts_.begin(), hosts_.end(), [&](const std::string& ours) { return hostOf(ours) == name; });
}

bool Access::hasToken(const Credentials& request) const {
    const std::string bearer = "Bearer ";
    return sameSecret(token_, cookieValue(request.cookie, cookieName_)) || sameSecret(token_, request.token) ||
           (request.authorization.rfind(bearer, 0) == 0 &&
            sameSecret(token_, request.authorization.substr(bearer.size())));
}

std::string Access::refusal(const Credentials& request) const {
    if (!isOurs(request.host)) {
        return "the host \"" + request.host + "\" is not this program's: use an IP address, localhost, or --host";
    }
    if (!hasToken(request)) {
        return "the token is missing or wrong: open the address that drgan-people has printed";
    }
    // Browsers send the origin with every POST. The cookie alone does not say which page the request comes from.
    const bool changes = request.method != "GET" && request.method != "HEAD";
    const bool fromPage = request.origin == "http://" + request.host || request.origin == "https://" + request.host;
    if (!fromPage && (changes || !request.origin.empty())) {
        return "the origin \"" + request.origin + "\" is not that of the page, expected http://" + request.host;
    }
    return {};
}

std::string Access::setCookie() const { return cookieName_ + "=" + token_ + "; Path=/; HttpOnly; SameSite=Strict"; }

std::string newToken() {
    std::array<unsigned char, 16> bytes{};
    if (getentropy(bytes.data(), bytes.size()) != 0) {
        throw std::runtime_error("the system gives no random numbers");
    }
    std::string token;
    for (const unsigned char byte : bytes) {
        token += "0123456789abcdef"[byte >> 4];
        token += "0123456789abcdef"[byte & 15];
    }
    return token;
}

std::string contentSecurityPolicy(const std::string& page) {
    return "default-src 'none'; script-src " + hashOf(page, "script") + "; style-src " + hashOf(page, "style") +
           "; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
           "require-trusted-types-for 'script'";
}

}  // namespace drgan::people
