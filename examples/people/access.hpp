// SPDX-License-Identifier: Apache-2.0
#ifndef DRGAN_EXAMPLES_PEOPLE_ACCESS_HPP
#define DRGAN_EXAMPLES_PEOPLE_ACCESS_HPP

#include <string>
#include <vector>

namespace drgan::people {

/// What of an HTTP request decides whether it is answered. A header that is missing is empty.
struct Credentials {
    std::string method;
    std::string host;           ///< header Host
    std::string origin;         ///< header Origin
    std::string cookie;         ///< header Cookie
    std::string authorization;  ///< header Authorization
    std::string token;          ///< of the query ?token=
};

/// Decides which requests are answered: those with the token, and from the page itself.
class Access {
public:
    /// @param token secret
    /// @param cookieName a browser sends cookies to all ports of a host: it must differ between programs
    /// @param hosts names by which the page may be reached, besides localhost and all IP addresses
    Access(std::string token, std::string cookieName, std::vector<std::string> hosts);

    /// @return empty: the request may be answered; otherwise what is wrong with it
    std::string refusal(const Credentials& request) const;

    /// The value of Set-Cookie with which the browser sends the token from then on.
    std::string setCookie() const;

private:
    bool isOurs(const std::string& host) const;
    bool hasToken(const Credentials& request) const;

    std::string token_;
    std::string cookieName_;
    std::vector<std::string> hosts_;
};

/// 128 random bits of the system, as 32 hexadecimal digits. @throws std::runtime_error if there are none
std::string newToken();

/// The value of the header Content-Security-Policy: nothing but the page's own <script> and <style>, pictures and
/// requests to the program itself.
/// @throws std::invalid_argument if the page lacks one of the two
std::string contentSecurityPolicy(const std::string& page);

}  // namespace drgan::people

#endif
