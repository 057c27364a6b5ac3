"""Drop-ins for zeep: the same classes, their failures diagnosed, whatever transport and session they are given."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import zeep
import zeep.proxy
import zeep.transports

from sslwhy.clients.guard import Guard


if TYPE_CHECKING:
    from sslwhy.policy import Policy


class Transport(zeep.transports.Transport):
    """``zeep.Transport`` whose TLS failures leave enriched; a caller's own session keeps its settings.

    Args:
        cache: see zeep.
        timeout: see zeep; seconds.
        operation_timeout: see zeep; seconds, ``None`` waits for ever.
        session: see zeep.
        diagnosis: how far a diagnosis may go; ``None`` for what the environment says.
    """

    diagnosis: Policy | None = None

    def __init__(
        self,
        cache: Any = None,
        timeout: Any = 300,
        operation_timeout: Any = None,
        session: Any = None,
        *,
        diagnosis: Policy | None = None,
    ) -> None:
        super().__init__(cache=cache, timeout=timeout, operation_timeout=operation_timeout, session=session)
        self.diagnosis = diagnosis

    def get(self, address: Any, params: Any, headers: Any) -> Any:
        """Send a GET request; see zeep.

        Raises:
            requests.exceptions.RequestException: what requests raises; a TLS failure is a
                :class:`sslwhy.DiagnosedError` too.
            OSError: likewise, for files that cannot be read.
        """
        with Guard(self.diagnosis):
            return super().get(address, params, headers)

    def post(self, address: Any, message: Any, headers: Any) -> Any:
        """Send a POST request; see zeep.

        Raises:
            requests.exceptions.RequestException: what requests raises; a TLS failure is a
                :class:`sslwhy.DiagnosedError` too.
            OSError: likewise, for files that cannot be read.
        """
        with Guard(self.diagnosis):
            return super().post(address, message, headers)

    def load(self, url: Any) -> Any:
        """Load a WSDL or schema document; see zeep.

        Raises:
            requests.exceptions.RequestException: what zeep lets out of requests, or httpx.TransportError or
                zeep.exceptions.TransportError where httpx loads; a TLS failure is a :class:`sslwhy.DiagnosedError` too.
            OSError: likewise, for files that cannot be read.
        """
        with Guard(self.diagnosis):
            return super().load(url)


class OperationProxy(zeep.proxy.OperationProxy):  # noqa: D101 - zeep shows the operation's signature as its docstring
    __doc__ = zeep.proxy.OperationProxy.__doc__

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the operation; see zeep."""
        with Guard(self._proxy._client.diagnosis, "operation"):  # noqa: SLF001 - zeep's own way from proxy to client
            return super().__call__(*args, **kwargs)


class ServiceProxy(zeep.proxy.ServiceProxy):
    """``zeep``'s service whose operations are guarded."""

    def __init__(self, client: Any, binding: Any, **binding_options: Any) -> None:
        super().__init__(client, binding, **binding_options)
        self._operations = {name: OperationProxy(self, name) for name in self._operations}


class AsyncTransport(Transport, zeep.transports.AsyncTransport):
    """``zeep.AsyncTransport`` whose TLS failures leave enriched; both of its httpx clients are covered.

    Args:
        client: see zeep.
        wsdl_client: see zeep.
        cache: see zeep.
        timeout: see zeep; seconds.
        operation_timeout: see zeep; seconds, ``None`` waits for ever.
        verify_ssl: see zeep.
        proxy: see zeep.
        diagnosis: how far a diagnosis may go; ``None`` for what the environment says.

    Raises:
        OSError: what building the TLS context raises; it is a :class:`sslwhy.DiagnosedError` too.
    """

    def __init__(
        self,
        client: Any = None,
        wsdl_client: Any = None,
        cache: Any = None,
        timeout: Any = 300,
        operation_timeout: Any = None,
        verify_ssl: Any = True,
        proxy: Any = None,
        *,
        diagnosis: Policy | None = None,
    ) -> None:
        with Guard(diagnosis):
            # As in zeep, the plain transport's constructor is passed over: the next in line is zeep's AsyncTransport.
            super(Transport, self).__init__(client, wsdl_client, cache, timeout, operation_timeout, verify_ssl, proxy)
        self.diagnosis = diagnosis

    async def get(self, address: Any, params: Any, headers: Any) -> Any:
        """Send a GET request; see zeep.

        Raises:
            httpx.TransportError: what httpx raises; a TLS failure is a :class:`sslwhy.DiagnosedError` too.
        """
        async with Guard(self.diagnosis):
            return await super().get(address, params, headers)

    async def post(self, address: Any, message: Any, headers: Any) -> Any:
        """Send a POST request; see zeep.

        Raises:
            httpx.TransportError: what httpx raises; a TLS failure is a :class:`sslwhy.DiagnosedError` too.
        """
        async with Guard(self.diagnosis):
            return await super().post(address, message, headers)


class AsyncOperationProxy(zeep.proxy.AsyncOperationProxy):  # noqa: D101 - likewise
    __doc__ = zeep.proxy.AsyncOperationProxy.__doc__

    async def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the operation; see zeep."""
        async with Guard(self._proxy._client.diagnosis, "operation"):  # noqa: SLF001 - zeep's own way from proxy to client
            return await super().__call__(*args, **kwargs)


class AsyncServiceProxy(zeep.proxy.AsyncServiceProxy):
    """``zeep``'s asynchronous service whose operations are guarded."""

    def __init__(self, client: Any, binding: Any, **binding_options: Any) -> None:
        super().__init__(client, binding, **binding_options)
        self._operations = {name: AsyncOperationProxy(self, name) for name in self._operations}


class Client(zeep.Client):
    """``zeep.Client`` whose failures leave enriched: while the WSDL is loaded and in every operation.

    Args:
        wsdl: see zeep.
        wsse: see zeep.
        transport: see zeep; any transport, ours or not, is diagnosed.
        service_name: see zeep.
        port_name: see zeep.
        plugins: see zeep.
        settings: see zeep.
        diagnosis: how far a diagnosis may go; ``None`` for what the environment says.

    Raises:
        requests.exceptions.RequestException: what zeep lets out of requests while the WSDL is loaded.
        zeep.exceptions.Error: what zeep raises itself.
        OSError: for files that cannot be read. Whichever it is, a TLS failure is a :class:`sslwhy.DiagnosedError` too;
            what an operation of ``client.service`` raises likewise.
    """

    diagnosis: Policy | None = None
    _default_transport = Transport  # type: ignore[assignment]  # zeep declares an instance and keeps a class

    def __init__(
        self,
        wsdl: Any,
        wsse: Any = None,
        transport: Any = None,
        service_name: Any = None,
        port_name: Any = None,
        plugins: Any = None,
        settings: Any = None,
        *,
        diagnosis: Policy | None = None,
    ) -> None:
        self.diagnosis = diagnosis
        with Guard(diagnosis, "wsdl"):
            super().__init__(
                wsdl,
                wsse=wsse,
                transport=transport,
                service_name=service_name,
                port_name=port_name,
                plugins=plugins,
                settings=settings,
            )

    def bind(self, service_name: str | None = None, port_name: str | None = None) -> Any:
        """Create a service proxy for a service and port; see zeep."""
        return _guarded(super().bind(service_name, port_name))

    def create_service(self, binding_name: Any, address: Any) -> Any:
        """Create a service proxy for a binding at an address; see zeep."""
        return _guarded(super().create_service(binding_name, address))


def _guarded(service: Any) -> Any:
    """Return the same service as a proxy of our kind; ``None`` stays ``None``."""
    if service is None:
        return None
    kind = AsyncServiceProxy if isinstance(service, zeep.proxy.AsyncServiceProxy) else ServiceProxy
    return kind(service._client, service._binding, **service._binding_options)  # noqa: SLF001 - its constructor's own arguments


class CachingClient(Client, zeep.CachingClient):
    """``zeep.CachingClient`` whose failures leave enriched.

    Args:
        args: see :class:`Client`.
        diagnosis: how far a diagnosis may go; ``None`` for what the environment says.
        kwargs: see :class:`Client`.

    Raises:
        Exception: see :class:`Client`.
    """

    def __init__(self, *args: Any, diagnosis: Policy | None = None, **kwargs: Any) -> None:
        super().__init__(*args, diagnosis=diagnosis, **kwargs)


class AsyncClient(Client, zeep.AsyncClient):
    """``zeep.AsyncClient`` whose failures leave enriched; a diagnosis never holds up the event loop.

    Loading the WSDL is a plain call in zeep, and so is its diagnosis. It is made like a :class:`Client`.

    Raises:
        httpx.TransportError: what zeep lets out of httpx, from an awaited operation as well.
        zeep.exceptions.Error: what zeep raises itself. Either is a :class:`sslwhy.DiagnosedError` too where TLS failed.
    """

    _default_transport = AsyncTransport  # type: ignore[assignment]  # likewise
