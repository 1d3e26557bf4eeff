import java.math.BigInteger;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.Date;
import org.bouncycastle.asn1.ASN1Encoding;
import org.bouncycastle.asn1.ASN1Enumerated;
import org.bouncycastle.asn1.ASN1Integer;
import org.bouncycastle.asn1.ASN1OctetString;
import org.bouncycastle.asn1.ASN1Primitive;
import org.bouncycastle.asn1.ocsp.OCSPObjectIdentifiers;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.cert.X509CRLEntryHolder;
import org.bouncycastle.cert.X509CRLHolder;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.jcajce.JcaX509CertificateHolder;
import org.bouncycastle.cert.ocsp.BasicOCSPResp;
import org.bouncycastle.cert.ocsp.OCSPResp;
import org.bouncycastle.cert.ocsp.RespID;
import org.bouncycastle.cert.ocsp.RevokedStatus;
import org.bouncycastle.cert.ocsp.SingleResp;
import org.bouncycastle.operator.ContentVerifierProvider;
import org.bouncycastle.operator.DigestCalculatorProvider;
import org.bouncycastle.operator.jcajce.JcaContentVerifierProviderBuilder;
import org.bouncycastle.operator.jcajce.JcaDigestCalculatorProviderBuilder;
import org.bouncycastle.util.Arrays;

/** CRLs and OCSP responses, one at a time, against the certificate of their issuer. */
final class Status {
  private Status() {}

  /** A moment, the issuer, a CRL, a serial perhaps: whether it stands in the CRL, and why. */
  static String crl(String[] words) throws Exception {
    Date at = Oracle.moment(words[1]);
    X509CertificateHolder issuer = holder(words[2]);
    byte[] der = Oracle.der(words[3]);
    X509CRLHolder list = new X509CRLHolder(der);
    Oracle.same(list.getEncoded(), der);
    if (!list.getIssuer().equals(issuer.getSubject()) || !list.isSignatureValid(verifier(issuer))) {
      throw Oracle.refused("another issuer, or the signature is wrong");
    }
    if (list.getThisUpdate().after(at) || list.getNextUpdate().before(at)) {
      throw Oracle.refused("not current");
    }
    StringBuilder facts = new StringBuilder("entries=" + list.getRevokedCertificates().size());
    for (Object id : list.getCriticalExtensionOIDs()) {
      if (!id.equals(Extension.deltaCRLIndicator) && !id.equals(Extension.issuingDistributionPoint)) {
        throw Oracle.refused("unknown critical extension " + id);
      }
    }
    facts.append(" number=").append(integer(list.getExtension(Extension.cRLNumber)));
    Extension base = list.getExtension(Extension.deltaCRLIndicator);
    if (base != null) {
      facts.append(" base=").append(integer(base));
    }
    if (words.length > 4) {
      X509CRLEntryHolder entry = list.getRevokedCertificate(new BigInteger(words[4], 16));
      if (entry != null) {
        facts.append(" revoked=").append(entry.getRevocationDate().toInstant());
        Extension reason = entry.getExtension(Extension.reasonCode);
        if (reason != null) {
          facts.append(" reason=").append(ASN1Enumerated.getInstance(reason.getParsedValue()).getValue());
        }
      }
    }
    return facts.toString();
  }

  /** A moment, the issuer, the response, the serial asked for, the nonce perhaps. */
  static String ocsp(String[] words) throws Exception {
    Date at = Oracle.moment(words[1]);
    X509CertificateHolder issuer = holder(words[2]);
    byte[] der = Oracle.der(words[3]);
    OCSPResp outer = new OCSPResp(der);
    if (outer.getStatus() != OCSPResp.SUCCESSFUL) {
      throw Oracle.refused("status " + outer.getStatus());
    }
    BasicOCSPResp basic = (BasicOCSPResp) outer.getResponseObject();
    Oracle.same(outer.getEncoded(), der);
    byte[] inner = outer.toASN1Structure().getResponseBytes().getResponse().getOctets();
    Oracle.same(ASN1Primitive.fromByteArray(inner).getEncoded(ASN1Encoding.DER), inner);
    Oracle.same(basic.getEncoded(), inner);
    X509CertificateHolder signer = signer(basic, issuer, at);
    if (!basic.isSignatureValid(verifier(signer))) {
      throw Oracle.refused("the signature is wrong");
    }
    if (words.length > 5) {
      Extension nonce = basic.getExtension(OCSPObjectIdentifiers.id_pkix_ocsp_nonce);
      if (nonce == null
          || !Arrays.areEqual(
              ASN1OctetString.getInstance(nonce.getParsedValue()).getOctets(), Oracle.bytes(words[5]))) {
        throw Oracle.refused("not the nonce that was sent");
      }
    }
    BigInteger serial = new BigInteger(words[4], 16);
    for (SingleResp single : basic.getResponses()) {
      if (single.getCertID().getSerialNumber().equals(serial)) {
        return about(single, issuer, at);
      }
    }
    throw Oracle.refused("not about this serial");
  }

  /** The issuer itself, or one it gave the right to (RFC 6960, section 4.2.2.2). */
  private static X509CertificateHolder signer(BasicOCSPResp basic, X509CertificateHolder issuer, Date at)
      throws Exception {
    X509CertificateHolder signer = issuer;
    if (basic.getCerts().length > 0 && !basic.getCerts()[0].equals(issuer)) {
      signer = basic.getCerts()[0];
      if (!signer.getIssuer().equals(issuer.getSubject()) || !signer.isSignatureValid(verifier(issuer))) {
        throw Oracle.refused("the responder's certificate is not of this issuer");
      }
      ExtendedKeyUsage usage = ExtendedKeyUsage.fromExtensions(signer.getExtensions());
      if (!signer.isValidOn(at) || usage == null || !usage.hasKeyPurposeId(KeyPurposeId.id_kp_OCSPSigning)) {
        throw Oracle.refused("the responder may not sign responses");
      }
    }
    RespID named = basic.getResponderId();
    RespID byKey = new RespID(signer.getSubjectPublicKeyInfo(), digests().get(RespID.HASH_SHA1));
    if (!named.equals(byKey) && !named.equals(new RespID(signer.getSubject()))) {
      throw Oracle.refused("another responder");
    }
    return signer;
  }

  private static String about(SingleResp single, X509CertificateHolder issuer, Date at) throws Exception {
    if (!single.getCertID().matchesIssuer(issuer, digests())) {
      throw Oracle.refused("about another issuer's certificate");
    }
    Date next = single.getNextUpdate();
    if (single.getThisUpdate().after(at) || (next != null && next.before(at))) {
      throw Oracle.refused("not current");
    }
    Object status = single.getCertStatus();
    if (status == null) {
      return "good";
    }
    if (status instanceof RevokedStatus revoked) {
      Instant since = revoked.getRevocationTime().toInstant();
      return "revoked=" + since + (revoked.hasRevocationReason() ? " reason=" + revoked.getRevocationReason() : "");
    }
    return "unknown";
  }

  static X509CertificateHolder holder(String text) throws Exception {
    X509Certificate certificate = Chains.certificate(text);
    return new JcaX509CertificateHolder(certificate);
  }

  static ContentVerifierProvider verifier(X509CertificateHolder of) throws Exception {
    return new JcaContentVerifierProviderBuilder().setProvider("BC").build(of);
  }

  private static DigestCalculatorProvider digests() throws Exception {
    return new JcaDigestCalculatorProviderBuilder().setProvider("BC").build();
  }

  private static BigInteger integer(Extension extension) {
    return ASN1Integer.getInstance(extension.getParsedValue()).getValue();
  }
}
