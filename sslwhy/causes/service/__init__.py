"""What the service and its WSDL say: failures behind it, addresses written by others."""
