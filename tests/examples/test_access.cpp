// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

#include "access.hpp"

namespace {

using drgan::people::Access;
using drgan::people::Credentials;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::MatchesRegex;
using testing::Not;

const std::string token = "0123456789abcdef";

Credentials get() {
    Credentials request;
    request.method = "GET";
    request.host = "127.0.0.1:8780";
    request.cookie = "drgan-people-8780=" + token;
    return request;
}

Credentials post() {
    Credentials request = get();
    request.method = "POST";
    request.origin = "http://127.0.0.1:8780";
    return request;
}

std::string refusal(const Credentials& request, const std::vector<std::string>& hosts = {}) {
    return Access(token, "drgan-people-8780", hosts).refusal(request);
}

TEST(Access, TheTokenComesInACookieAHeaderOrTheAddress) {
    Credentials request = get();
    EXPECT_EQ(refusal(request), "");
    for (const char* cookies : {"a=b; drgan-people-8780=0123456789abcdef", "drgan-people-8780=0123456789abcdef; c=d",
                                "drgan-people-1=x;drgan-people-8780=0123456789abcdef"}) {
        request.cookie = cookies;
        EXPECT_EQ(refusal(request), "") << cookies;
    }
    request.cookie.clear();
    EXPECT_THAT(refusal(request), HasSubstr("token"));
    request.authorization = "Bearer " + token;
    EXPECT_EQ(refusal(request), "");
    request.authorization.clear();
    request.token = token;
    EXPECT_EQ(refusal(request), "");
}

TEST(Access, NoOtherTokenWillDo) {
    for (const std::string& wrong : {std::string(), std::string("0"), token + "0", token.substr(1), token + token,
                                     std::string("0123456789abcdeF"), std::string(16, '\0'), " " + token}) {
        Credentials request = get();
        request.cookie = "drgan-people-8780=" + wrong;
        request.token = wrong;
        request.authorization = "Bearer " + wrong;
        EXPECT_THAT(refusal(request), HasSubstr("token")) << wrong;
    }
    Credentials request = get();
    for (const char* cookie : {"drgan-people-8781=0123456789abcdef", "xdrgan-people-8780=0123456789abcdef",
                               "drgan-people-87800123456789abcdef", ";", "=", "drgan-people-8780"}) {
        request.cookie = cookie;
        EXPECT_THAT(refusal(request), HasSubstr("token")) << cookie;
    }
    request.authorization = token;
    EXPECT_THAT(refusal(request), HasSubstr("token"));
    EXPECT_THROW(Access("", "name", {}), std::invalid_argument);
}

TEST(Access, OnlyOurHosts) {
    Credentials request = get();
    for (const char* host :
         {"localhost:8780", "LOCALHOST", "127.0.0.1", "192.168.1.7:8780", "[::1]:8780", "[fe80::1]"}) {
        request.host = host;
        EXPECT_EQ(refusal(request), "") << host;
    }
    for (const char* host :
         {"", "evil.example", "evil.example:8780", "localhost.evil.example", "127.0.0.1.evil.example",
          "127.0.0.1@evil.example", "evil.example:localhost", "[::1", "::1]:80", "people.example"}) {
        request.host = host;
        EXPECT_THAT(refusal(request), HasSubstr("host")) << host;
    }
    request.host = "People.Example:443";
    EXPECT_EQ(refusal(request, {"other.example", "people.example"}), "");
}

TEST(Access, OnlyThePageMayChangeSomething) {
    Credentials request = post();
    EXPECT_EQ(refusal(request), "");
    request.origin = "https://127.0.0.1:8780";  // a proxy speaks TLS
    EXPECT_EQ(refusal(request), "");
    for (const char* origin : {"", "null", "http://evil.example", "http://127.0.0.1", "http://127.0.0.1:8781",
                               "http://localhost:8780", "127.0.0.1:8780", "ftp://127.0.0.1:8780"}) {
        request.origin = origin;
        EXPECT_THAT(refusal(request), HasSubstr("origin")) << origin;
    }
    request = get();
    request.origin = "http://evil.example";
    EXPECT_THAT(refusal(request), HasSubstr("origin")) << "nor may others read";
    request.method = "PUT";
    request.origin.clear();
    EXPECT_THAT(refusal(request), HasSubstr("origin"));
}

TEST(Access, TheCookieIsForThePageOnly) {
    EXPECT_EQ(Access(token, "drgan-people-8780", {}).setCookie(),
              "drgan-people-8780=0123456789abcdef; Path=/; HttpOnly; SameSite=Strict");
}

TEST(Access, TokensDiffer) {
    const std::string one = drgan::people::newToken();
    EXPECT_THAT(one, MatchesRegex("[0-9a-f]{32}"));
    EXPECT_NE(one, drgan::people::newToken());
}

TEST(ContentSecurityPolicy, AllowsThePagesScriptAndStyleOnly) {
    const std::string policy = drgan::people::contentSecurityPolicy("<style>a</style><script>b</script>");
    // echo -n a | openssl dgst -sha256 -binary | base64
    EXPECT_THAT(policy, HasSubstr("style-src 'sha256-ypeBEsobvcr6wjGzmiPcTaeG7/gUfE5yuYB3ha/uSLs='"));
    EXPECT_THAT(policy, HasSubstr("script-src 'sha256-PiPoFgA5WUoziU9lZOGxNIu9egCI1CxKy3PurtWcAJ0='"));
    EXPECT_THAT(policy, HasSubstr("default-src 'none'"));
    EXPECT_THAT(policy, Not(HasSubstr("unsafe")));
    EXPECT_THROW(drgan::people::contentSecurityPolicy("<style>a</style>"), std::invalid_argument);
    EXPECT_THROW(drgan::people::contentSecurityPolicy("<script>b</script>"), std::invalid_argument);
}

}  // namespace
