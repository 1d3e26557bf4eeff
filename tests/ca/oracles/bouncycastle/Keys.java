import java.math.BigInteger;
import org.bouncycastle.asn1.ASN1BitString;
import org.bouncycastle.asn1.ASN1Integer;
import org.bouncycastle.asn1.ASN1OctetString;
import org.bouncycastle.asn1.ASN1Sequence;
import org.bouncycastle.asn1.gm.GMNamedCurves;
import org.bouncycastle.asn1.x509.AlgorithmIdentifier;
import org.bouncycastle.asn1.x9.X9ECParameters;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.crypto.engines.SM2Engine;
import org.bouncycastle.crypto.engines.SM4Engine;
import org.bouncycastle.crypto.params.ECDomainParameters;
import org.bouncycastle.crypto.params.ECPrivateKeyParameters;
import org.bouncycastle.crypto.params.KeyParameter;
import org.bouncycastle.math.ec.ECPoint;
import org.bouncycastle.operator.jcajce.JcaContentVerifierProviderBuilder;
import org.bouncycastle.pkcs.PKCS10CertificationRequest;
import org.bouncycastle.util.Arrays;
import org.bouncycastle.util.BigIntegers;
import org.bouncycastle.util.encoders.Hex;

/** Requests, and keys on their way to a device. */
final class Keys {
  private static final X9ECParameters CURVE = GMNamedCurves.getByName("sm2p256v1");
  private static final ECDomainParameters DOMAIN =
      new ECDomainParameters(CURVE.getCurve(), CURVE.getG(), CURVE.getN(), CURVE.getH());
  private static final String SM4 = "1.2.156.10197.1.104";

  private Keys() {}

  /** A PKCS #10 request: the proof of possession. */
  static String request(String[] words) throws Exception {
    byte[] der = Oracle.der(words[1]);
    PKCS10CertificationRequest request = new PKCS10CertificationRequest(der);
    Oracle.same(request.getEncoded(), der);
    if (!request.isSignatureValid(
        new JcaContentVerifierProviderBuilder().setProvider("BC").build(request.getSubjectPublicKeyInfo()))) {
      throw Oracle.refused("the signature is wrong");
    }
    return "subject=" + request.getSubject();
  }

  /**
   * The signing key's secret (32 octets), an SM2EnvelopedKey (GM/T 0009, section 7.4), the encryption
   * certificate. Says the secret in it.
   */
  static String envelope(String[] words) throws Exception {
    ASN1Sequence inside = ASN1Sequence.getInstance(Oracle.der(words[2]));
    X509CertificateHolder certificate = Status.holder(words[3]);
    String cipher = AlgorithmIdentifier.getInstance(inside.getObjectAt(0)).getAlgorithm().getId();
    if (inside.size() != 4 || !(cipher.equals(SM4) || cipher.equals(SM4 + ".1"))) {
      throw Oracle.refused("another form or cipher");
    }
    byte[] key = unwrapped(new BigInteger(1, Oracle.bytes(words[1])), ASN1Sequence.getInstance(inside.getObjectAt(1)));
    byte[] beside = ASN1BitString.getInstance(inside.getObjectAt(2)).getOctets();
    byte[] sealed = ASN1BitString.getInstance(inside.getObjectAt(3)).getOctets();
    if (sealed.length != 32) {
      throw Oracle.refused(sealed.length + " octets of a sealed key");
    }
    SM4Engine block = new SM4Engine();
    block.init(false, new KeyParameter(key));
    byte[] plain = new byte[32];
    block.processBlock(sealed, 0, plain, 0);
    block.processBlock(sealed, 16, plain, 16);
    ECPoint point = CURVE.getG().multiply(new BigInteger(1, plain)).normalize();
    byte[] wanted = certificate.getSubjectPublicKeyInfo().getPublicKeyData().getOctets();
    if (!Arrays.areEqual(point.getEncoded(false), wanted) || !Arrays.areEqual(beside, wanted)) {
      throw Oracle.refused("not the certificate's key");
    }
    return "secret=" + Hex.toHexString(plain);
  }

  /** What SM2Cipher (x, y, hash, text) holds. */
  private static byte[] unwrapped(BigInteger secret, ASN1Sequence wrapped) throws Exception {
    byte[] x = BigIntegers.asUnsignedByteArray(32, ASN1Integer.getInstance(wrapped.getObjectAt(0)).getPositiveValue());
    byte[] y = BigIntegers.asUnsignedByteArray(32, ASN1Integer.getInstance(wrapped.getObjectAt(1)).getPositiveValue());
    byte[] hash = ASN1OctetString.getInstance(wrapped.getObjectAt(2)).getOctets();
    byte[] text = ASN1OctetString.getInstance(wrapped.getObjectAt(3)).getOctets();
    byte[] all = Arrays.concatenate(new byte[][] {{4}, x, y, hash, text});
    SM2Engine engine = new SM2Engine(SM2Engine.Mode.C1C3C2);
    engine.init(false, new ECPrivateKeyParameters(secret, DOMAIN));
    return engine.processBlock(all, 0, all.length);
  }
}
