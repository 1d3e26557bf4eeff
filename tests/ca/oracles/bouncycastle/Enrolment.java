import java.io.ByteArrayInputStream;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.util.Collection;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509TrustManager;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.est.ESTAuth;
import org.bouncycastle.est.ESTService;
import org.bouncycastle.est.EnrollmentResponse;
import org.bouncycastle.est.jcajce.JcaHttpAuthBuilder;
import org.bouncycastle.est.jcajce.JsseESTServiceBuilder;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.bouncycastle.pkcs.PKCS10CertificationRequest;
import org.bouncycastle.pkcs.jcajce.JcaPKCS10CertificationRequestBuilder;
import org.bouncycastle.util.encoders.Hex;

/** Bouncy Castle as a client of EST (RFC 7030). */
final class Enrolment {
  private static final char[] NONE = new char[0];

  private Enrolment() {}

  /**
   * Host and port, the server's certificate, a token, a common name: fetches the CA's certificates and enrols
   * with the token as the password of Basic; with a fifth word, renews over TLS with the certificate it got.
   * Answers how many certificates the CA has, and those it got in hexadecimal.
   */
  static String est(String[] words) throws Exception {
    KeyStore trusted = KeyStore.getInstance("PKCS12");
    trusted.load(null, null);
    trusted.setCertificateEntry("server", parsed(Oracle.bytes(words[2])));
    ESTService first = service(words[1], trusted, null);
    Collection<X509CertificateHolder> known = first.getCACerts().getCertificateStore().getMatches(null);

    KeyPair key = pair();
    X500Name name = new X500Name("CN=" + words[4]);
    ESTAuth token =
        new JcaHttpAuthBuilder("device", words[3].toCharArray()).setProvider("BC").build();
    X509CertificateHolder own = only(first.simpleEnroll(false, request(name, key), token));
    String enrolled = known.size() + " " + Hex.toHexString(own.getEncoded());
    if (words.length == 5) {
      return enrolled;
    }

    KeyStore identity = KeyStore.getInstance("PKCS12");
    identity.load(null, null);
    X509Certificate[] chain = {parsed(own.getEncoded())};
    identity.setKeyEntry("own", key.getPrivate(), NONE, chain);
    PKCS10CertificationRequest next = request(own.getSubject(), pair());
    X509CertificateHolder renewed = only(service(words[1], trusted, identity).simpleEnroll(true, next, null));
    return enrolled + " " + Hex.toHexString(renewed.getEncoded());
  }

  private static ESTService service(String place, KeyStore trusted, KeyStore identity) throws Exception {
    TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX");
    trust.init(trusted);
    JsseESTServiceBuilder builder = new JsseESTServiceBuilder(place, (X509TrustManager) trust.getTrustManagers()[0]);
    builder.withTimeout(20_000);
    if (identity != null) {
      KeyManagerFactory keys = KeyManagerFactory.getInstance("PKIX");
      keys.init(identity, NONE);
      builder.withKeyManagers(keys.getKeyManagers());
    }
    return builder.build();
  }

  private static PKCS10CertificationRequest request(X500Name name, KeyPair key) throws Exception {
    return new JcaPKCS10CertificationRequestBuilder(name, key.getPublic())
        .build(new JcaContentSignerBuilder("SHA256withECDSA").build(key.getPrivate()));
  }

  private static KeyPair pair() throws Exception {
    KeyPairGenerator maker = KeyPairGenerator.getInstance("EC");
    maker.initialize(new ECGenParameterSpec("secp256r1"));
    return maker.generateKeyPair();
  }

  private static X509CertificateHolder only(EnrollmentResponse response) {
    Collection<X509CertificateHolder> found = response.getStore().getMatches(null);
    if (found.size() != 1) {
      throw new IllegalArgumentException(found.size() + " certificates where one is due");
    }
    return found.iterator().next();
  }

  private static X509Certificate parsed(byte[] der) throws Exception {
    return (X509Certificate)
        CertificateFactory.getInstance("X.509").generateCertificate(new ByteArrayInputStream(der));
  }
}
