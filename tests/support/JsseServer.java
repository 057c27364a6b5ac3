import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;

/** An HTTPS server on JSSE: PORT KEYSTORE CLIENT_CAS VERSIONS SUITES, the last three possibly empty. */
public class JsseServer {
    private static final char[] PASSWORD = "changeit".toCharArray();
    private static final byte[] ANSWER =
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello".getBytes();

    public static void main(String[] args) throws Exception {
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(keys(args[1]).getKeyManagers(), anchors(args[2]), null);
        InetAddress loopback = InetAddress.getByName("127.0.0.1");
        SSLServerSocket server =
                (SSLServerSocket)
                        context.getServerSocketFactory()
                                .createServerSocket(Integer.parseInt(args[0]), 50, loopback);
        server.setNeedClientAuth(!args[2].isEmpty());
        if (!args[3].isEmpty()) server.setEnabledProtocols(args[3].split(","));
        if (!args[4].isEmpty()) server.setEnabledCipherSuites(args[4].split(","));
        while (true) {
            SSLSocket connection = (SSLSocket) server.accept();
            new Thread(() -> answer(connection)).start();
        }
    }

    private static void answer(SSLSocket connection) {
        try (connection) {
            connection.startHandshake();
            connection.getInputStream().read(new byte[65536]);
            connection.getOutputStream().write(ANSWER);
        } catch (IOException error) {
            System.out.println(error);
        }
    }

    private static KeyManagerFactory keys(String path) throws Exception {
        KeyStore store = KeyStore.getInstance("PKCS12");
        try (InputStream file = new FileInputStream(path)) {
            store.load(file, PASSWORD);
        }
        KeyManagerFactory factory =
                KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        factory.init(store, PASSWORD);
        return factory;
    }

    private static TrustManager[] anchors(String path) throws Exception {
        if (path.isEmpty()) return null;
        KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
        store.load(null, null);
        try (InputStream file = new FileInputStream(path)) {
            for (Certificate one : CertificateFactory.getInstance("X.509").generateCertificates(file)) {
                store.setCertificateEntry("anchor" + store.size(), one);
            }
        }
        TrustManagerFactory factory =
                TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        factory.init(store);
        return factory.getTrustManagers();
    }
}
