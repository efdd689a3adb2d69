//! How every AWS client and the webhook reach the network: with the TLS library that the databases use, too, and by the proxy that
//! `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY` name, as in every SDK.

use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::{Provider, TlsContext, rustls_provider::CryptoMode};
use aws_smithy_http_client::{Builder, Connector};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;

use super::CONNECT_TIMEOUT;

/// Where a task, a pod or an instance asks for its own credentials. It means this very host, so no proxy is asked, whatever
/// the variables say.
const METADATA_HOSTS: [&str; 5] = [
    "169.254.170.2",
    "169.254.170.23",
    "169.254.169.254",
    "[fd00:ec2::23]",
    "[fd00:ec2::254]",
];

/// The HTTP client of every AWS client.
pub fn http_client() -> SharedHttpClient {
    let by_proxy = Builder::new().build_with_connector_fn(|settings, components| {
        let mut builder = Connector::builder();
        builder.set_connector_settings(settings.cloned());
        if let Some(components) = components {
            builder.set_sleep_impl(components.sleep_impl());
        }
        builder
            .proxy_config(ProxyConfig::from_env())
            .tls_provider(Provider::Rustls(CryptoMode::Ring))
            .tls_context(TlsContext::default())
            .build()
    });
    SharedHttpClient::new(ByHost {
        by_proxy,
        // These hosts speak no TLS.
        direct: Builder::new().build_http(),
    })
}

/// The same for a request that is no SDK's, such as that of a webhook. Whoever calls it says how long an answer may take.
pub fn http_connector() -> SharedHttpConnector {
    let settings = HttpConnectorSettings::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .build();
    let connector = Connector::builder()
        .connector_settings(settings)
        .proxy_config(ProxyConfig::from_env())
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .tls_context(TlsContext::default())
        .build();
    SharedHttpConnector::new(connector)
}

/// Asks the hosts of metadata directly, everybody else by the proxy, if there is one.
#[derive(Debug)]
struct ByHost<T> {
    by_proxy: T,
    direct: T,
}

impl HttpClient for ByHost<SharedHttpClient> {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(ByHost {
            by_proxy: self.by_proxy.http_connector(settings, components),
            direct: self.direct.http_connector(settings, components),
        })
    }
}

impl HttpConnector for ByHost<SharedHttpConnector> {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        if is_metadata(request.uri()) {
            self.direct.call(request)
        } else {
            self.by_proxy.call(request)
        }
    }
}

fn is_metadata(uri: &str) -> bool {
    let Some(rest) = uri.strip_prefix("http://") else {
        return false;
    };
    METADATA_HOSTS.iter().any(|host| {
        rest.strip_prefix(host)
            .is_some_and(|after| after.is_empty() || after.starts_with([':', '/', '?']))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_own_hosts_metadata_goes_past_a_proxy() {
        for own in [
            "http://169.254.170.2/v2/credentials/x",
            "http://169.254.170.2:80/",
            "http://[fd00:ec2::23]/v1/credentials",
            "http://169.254.169.254",
        ] {
            assert!(is_metadata(own), "{own}");
        }
        for other in [
            "https://s3.example.invalid/",
            "http://169.254.170.21/",
            "http://169.254.170.2.example.invalid/",
            "http://proxy.example.invalid/?169.254.170.2/",
            "http://127.0.0.1:9000/",
        ] {
            assert!(!is_metadata(other), "{other}");
        }
    }
}
